import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { textLogger } from './stderr-logger.js'

const lines: string[] = []
const logger = textLogger((line) => lines.push(line))
beforeEach(() => void (lines.length = 0))
afterEach(() => logger.flush())

describe('a message of a stranger', () => {
  test.each([
    ['an escape sequence', 'a\u001b[2Jb', 'a\\x1b[2Jb'],
    ['an operating system command', 'a\u001b]0;title\u0007b', 'a\\x1b]0;title\\x07b'],
    ['a line break', 'a\ndstream error: forged', 'a\\ndstream error: forged'],
    ['a change of direction', 'a\u202eb', 'a\\u202eb'],
  ])('cannot send %s', (_, message, shown) => {
    logger.warn({}, message)
    logger.warn({ err: new Error(message) }, 'refused')
    logger.warn({ err: message }, 'rejected')
    expect(lines).toEqual([
      `dstream warn: ${shown}`,
      `dstream warn: refused: ${shown}`,
      `dstream warn: rejected: ${shown}`,
    ])
  })

  test('keeps to the first line of a stack', () => {
    logger.error({ err: new Error('a\n    at forged (/etc/passwd:1:1)\u001b[2J') }, 'failed')
    const [, first, ...frames] = lines[0]!.split('\n')
    expect(first).toBe('Error: a\\n    at forged (/etc/passwd:1:1)\\x1b[2J')
    expect(frames.length).toBeGreaterThan(0)
    expect(frames.filter((frame) => !/^ +at /.test(frame) || frame.includes('passwd'))).toEqual([])
  })
})

test('causes are shown whole, each once', () => {
  const full = new Error('ENOSPC: no space left on device, write')
  const outer = new Error('the disk is full; free some space', { cause: new Error('append failed', { cause: full }) })
  logger.warn({ err: outer }, 'A snapshot could not be written')
  expect(lines).toEqual([
    'dstream warn: A snapshot could not be written: the disk is full; free some space; caused by: append failed; caused by: ENOSPC: no space left on device, write',
  ])
})

test('the stack of an error stands once, also when it is thrown again', () => {
  const boom = (): Error => new RangeError('boom')
  const [first, again] = [1, 2].map(boom) as [Error, Error]
  logger.error({ err: first }, '"print#1" failed on the batch of 1000 ms in attempt 1')
  logger.error({ err: again }, '"print#1" failed on the batch of 1000 ms in its last attempt')
  logger.error({ err: again }, 'app is stopped.')
  expect(lines.map((line) => line.includes('    at boom '))).toEqual([true, false, false])
  expect(lines.slice(1)).toEqual([
    'dstream error: "print#1" failed on the batch of 1000 ms in its last attempt: boom',
    'dstream error: app is stopped. The reason: boom',
  ])
})

test('the reason stands in a sentence of its own behind a sentence', () => {
  logger.warn({ err: new Error('no space') }, 'The checkpoint is not written. The job goes on.')
  logger.warn({ err: 'no space' }, 'The log is not written')
  expect(lines).toEqual([
    'dstream warn: The checkpoint is not written. The job goes on. The reason: no space',
    'dstream warn: The log is not written: no space',
  ])
})

describe('many lines', () => {
  test('of one kind are one line a second with a count', () => {
    for (let n = 0; n < 100_000; n++) logger.warn({}, `A record does not decode and is left out: "r${n}"`)
    logger.warn({}, 'Another kind')
    expect(lines).toHaveLength(2)
    logger.flush()
    expect(lines.slice(2)).toEqual([
      'dstream warn: A record does not decode and is left out: "r99999" (and 99,998 more like it)',
    ])
  })

  test('with values of strangers in them are of one kind, and of a few kinds when each is another', () => {
    for (let n = 0; n < 10_000; n++)
      logger.error({}, `"map#1" failed on the record ${JSON.stringify({ n: 'x'.repeat(n % 9) })}`)
    for (let n = 0; n < 10_000; n++) logger.warn({}, `"map#1" failed on the record "${'x'.repeat(n % 9)}": no`)
    expect(lines).toHaveLength(2)
    for (let n = 0; n < 10_000; n++) logger.info({}, `word ${'x'.repeat(n)}`)
    expect(lines.length).toBeLessThanOrEqual(1001)
    logger.flush()
    expect(lines.at(-1)).toMatch(/^dstream info: word x+ \(and 9,00\d more like it\)$/)
  })

  test('of two operators are of two kinds', () => {
    logger.warn({}, '"map#1" failed on the record "a": no')
    logger.warn({}, '"map#2" failed on the record "a": no')
    expect(lines).toHaveLength(2)
  })

  test('of kinds that differ by level or words are all there; numbers make no kind', () => {
    logger.info({}, 'batch 1')
    logger.warn({}, 'batch 2')
    logger.warn({}, 'batch 3')
    logger.warn({}, 'slice 3')
    logger.flush()
    expect(lines).toEqual([
      'dstream info: batch 1',
      'dstream warn: batch 2',
      'dstream warn: slice 3',
      'dstream warn: batch 3',
    ])
  })

  test('begin again after a quiet second', () => {
    vi.useFakeTimers()
    logger.warn({}, 'once')
    logger.flush()
    vi.useRealTimers()
    logger.warn({}, 'once')
    expect(lines).toEqual(['dstream warn: once', 'dstream warn: once'])
  })
})
