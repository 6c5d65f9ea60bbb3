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
