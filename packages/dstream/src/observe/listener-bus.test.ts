import { expect, test } from 'vitest'
import type { Logger } from '../base/ports.js'
import { ListenerBus } from './listener-bus.js'

function logged() {
  const errors: unknown[] = []
  const log = () => undefined
  const logger: Logger = {
    debug: log,
    info: log,
    warn: log,
    error: (fields) => errors.push((fields as { err: unknown }).err),
  }
  return { bus: new ListenerBus(logger), errors }
}
const started = { time: 1 }
const oops = new Error('oops')

test.each([
  [
    'throws',
    () => {
      throw oops
    },
  ],
  ['is asynchronous and rejects', () => Promise.reject(oops)],
] as [string, () => void][])('a listener that %s is logged, and the others are told', async (_, bad) => {
  const { bus, errors } = logged()
  const told: string[] = []
  bus.on('streamingStarted', bad)
  bus.on('streamingStarted', () => void told.push('handler'))
  bus.addListener({ onStreamingStarted: bad })
  bus.addListener({ onStreamingStarted: () => void told.push('listener') })
  bus.emit('streamingStarted', started)
  await Promise.resolve()
  expect(told).toEqual(['handler', 'listener'])
  expect(errors).toEqual([oops, oops])
})

test('after it is closed nobody is told anything', () => {
  const { bus } = logged()
  const told: unknown[] = []
  bus.on('streamingStarted', (event) => void told.push(event))
  bus.emit('streamingStarted', started)
  bus.close()
  bus.emit('streamingStarted', started)
  expect(told).toEqual([started])
})

test('an event that does not exist is refused, with the nearest one', () => {
  const { bus } = logged()
  const refusal = (call: () => void, text: string): void => expect(call).toThrow(text)
  refusal(
    () => bus.on('batchComplete' as never, () => undefined),
    'there is no event "batchComplete"; did you mean "batchCompleted"?',
  )
  refusal(
    () => bus.off('toString' as never, () => undefined),
    'there is no event "toString"; it knows streamingStarted,',
  )
  refusal(() => bus.on('batchStarted', 5 as never), 'on: f must be a function, not 5')
  refusal(() => bus.addListener(5 as never), 'listener must be an object with methods such as onBatchCompleted, not 5')
})
