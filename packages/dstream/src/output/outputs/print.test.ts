import { Writable } from 'node:stream'
import { Seconds, type Logger } from 'dstream'
import { TestContext } from 'dstream/testing'
import { expect, test } from 'vitest'

const rows = [['a'], ['b'], ['c']]

/** Takes so many writes, then fails each with an error of this code. */
class Failing extends Writable {
  taken: string[] = []
  constructor(
    readonly count: number,
    readonly code: string,
  ) {
    super({ autoDestroy: true })
  }

  override _write(chunk: Buffer, _: BufferEncoding, done: (error?: Error) => void): void {
    if (this.taken.length === this.count) return done(Object.assign(new Error(this.code), { code: this.code }))
    this.taken.push(chunk.toString('utf8').split('\n')[3]!)
    done()
  }
}

function job(out: Writable) {
  const lines: string[] = []
  const nothing = (): void => undefined
  const logger: Logger = { debug: nothing, info: nothing, warn: (_, line) => void lines.push(line), error: nothing }
  const t = new TestContext({ batchInterval: Seconds(1), logger, onFailure: 'skip' })
  const input = t.input(rows)
  input.print(10, { out })
  return { t, lines, other: t.output(input) }
}

test.each(['EPIPE', 'ECONNRESET'])('a reader that has gone (%s) is said once, and the job goes on', async (code) => {
  const out = new Failing(1, code)
  const { t, lines, other } = job(out)
  await t.run()
  await t.stop()
  expect([out.taken, t.errors, other.batches.slice(0, 3)]).toEqual([['a'], [], rows])
  expect(lines).toEqual([`print: the output is closed (${code}); nothing more is printed there, and the job goes on.`])
})

test('a stream that was ended or destroyed is closed too', async () => {
  for (const close of [(out: Writable) => out.end(), (out: Writable) => out.destroy()]) {
    const out = new Failing(9, 'EPIPE')
    const { t, lines } = job(out)
    close(out)
    await t.run()
    await t.stop()
    expect(lines).toEqual([expect.stringMatching(/^print: the output is closed \(ERR_STREAM_/)])
  }
})

test('a stream that fails otherwise fails the output with its error, each time, and ends no process', async () => {
  const out = new Failing(1, 'ENOSPC')
  const { t, other } = job(out)
  await expect(t.run()).rejects.toMatchObject({ code: 'ENOSPC' })
  await t.stop()
  expect(t.errors.length).toBeGreaterThan(1)
  expect(t.errors.every(({ error }) => (error as { code: string }).code === 'ENOSPC')).toBe(true)
  expect(other.batches.slice(0, 3)).toEqual(rows)
})
