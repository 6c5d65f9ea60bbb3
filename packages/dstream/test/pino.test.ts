import { Writable } from 'node:stream'
import { pino } from 'pino'
import { expect, test } from 'vitest'
import { Seconds } from 'dstream'
import { TestContext } from 'dstream/testing'

test('a logger of pino is taken as it is: facts beside the message, an error by its serializer, below its level nothing', async () => {
  const lines: Record<string, unknown>[] = []
  const out = new Writable({
    write: (chunk, _, done) => {
      for (const line of String(chunk).trim().split('\n')) lines.push(JSON.parse(line) as Record<string, unknown>)
      done()
    },
  })
  const logger = pino({ level: 'warn', base: { service: 'words' } }, out)
  const t = new TestContext({ batchInterval: Seconds(1), logger, onFailure: 'skip', retry: { attempts: 1 } })
  t.input([[1]]).foreachRDD(() => {
    throw new Error('the store is away')
  })
  await expect(t.run(1)).rejects.toThrow('the store is away')
  await t.ssc.stop()
  expect(lines.every(({ level, service }) => Number(level) >= 40 && service === 'words')).toBe(true)
  const failure = lines.find(({ err }) => err !== undefined)
  expect(failure).toMatchObject({
    level: 50,
    err: { type: 'Error', message: 'the store is away' },
    time: expect.any(Number),
  })
  expect(failure!['msg']).toEqual(expect.stringContaining('foreachRDD'))
})
