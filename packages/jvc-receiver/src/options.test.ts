import { expect, test } from 'vitest'
import { settingsOf, type JvcReceiverOptions } from './options.js'

test('defaults', () => {
  expect(settingsOf({})).toEqual({
    fields: undefined,
    host: 'localhost',
    port: 6667,
    maxLineBytes: 1_048_576,
    reconnect: { baseMs: 500, maxMs: 30_000 },
    resume: true,
  })
})

test.each<[object, string]>([
  [{ prot: 1 }, 'JvcReceiver has no option "prot". Did you mean "port"?'],
  [{ reconnect: { max: 1 } }, 'JvcReceiver.reconnect has no option "max". Did you mean "maxMs"?'],
  [{ fields: ['autuer'] }, 'fields of JvcReceiver must be an array of different fields of a post (id, hour'],
  [{ fields: [] }, 'got []'],
  [{ fields: ['id', 'id'] }, 'fields of JvcReceiver must be'],
  [{ fields: 'id' }, 'fields of JvcReceiver must be'],
  [{ port: 0 }, 'port of JvcReceiver must be a whole number from 1 to 65535'],
  [{ port: 6667.5 }, 'got 6667.5'],
  [{ host: '' }, 'host of JvcReceiver must be the name'],
  [{ maxLineBytes: 0 }, 'maxLineBytes of JvcReceiver must be'],
  [{ reconnect: { baseMs: 0 } }, 'reconnect.baseMs of JvcReceiver must be'],
  [{ reconnect: { baseMs: 100, maxMs: 50 } }, 'at least baseMs (100)'],
])('%j is refused: %s', (options, text) => {
  const attempt = (): unknown => settingsOf(options as JvcReceiverOptions)
  expect(attempt).toThrow(expect.objectContaining({ code: 'feed-option', message: expect.stringContaining(text) }))
})
