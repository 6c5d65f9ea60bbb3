import { Writable } from 'node:stream'
import { expect, test } from 'vitest'
import type { Logger } from '../../base/ports.js'
import type { WorkFigures } from '../../observe/long-work.js'
import { showWork } from './show-work.js'
import { StatusLine } from './status-line.js'

function terminal(isTTY: boolean) {
  const written: string[] = []
  const out = new Writable({ write: (chunk, _, done) => (written.push(String(chunk)), done()) })
  return { written, line: new StatusLine(() => Object.assign(out, { isTTY, columns: 40 })) }
}

function collecting(): { lines: string[]; logger: Logger } {
  const lines: string[] = []
  const none = (): void => undefined
  return { lines, logger: { debug: none, info: (_, line) => lines.push(line), warn: none, error: none } }
}

const work = (done: number): WorkFigures => ({ name: 'Reading', done, total: 100, unit: 'MB', sinceMs: 0 })

test('a terminal gets one line, written again at most four times a second and erased at the end', () => {
  const { written, line } = terminal(true)
  const { lines, logger } = collecting()
  const show = showWork(logger, line)
  show(work(10), 1000)
  show(work(11), 1100)
  show(work(20), 1250)
  show(undefined, 1300)
  expect(written).toEqual([
    '\r\x1b[KReading: 10 of 100 MB, 10 %, about 9 s ',
    '\r\x1b[KReading: 20 of 100 MB, 20 %, about 5 s ',
    '\r\x1b[K',
  ])
  expect(lines).toEqual([])
})

test.each([['a pipe', terminal(false).line] as const, ['a logger of the program', undefined] as const])(
  '%s gets a line after five seconds, and then every ten',
  (_, line) => {
    const { lines, logger } = collecting()
    const show = showWork(logger, line)
    for (let second = 1; second <= 26; second++) show(work(second), second * 1000)
    show(undefined, 27_000)
    expect(lines.map((text) => text.slice(0, 22))).toEqual(
      [5, 15, 25].map((n) => `Reading: ${n} of 100 MB, `.slice(0, 22)),
    )
  },
)

test('a line that is not shown is not erased', () => {
  const { written, line } = terminal(true)
  line.erase()
  line.show('a')
  line.erase()
  line.erase()
  expect(written).toEqual(['\r\x1b[Ka', '\r\x1b[K'])
})
