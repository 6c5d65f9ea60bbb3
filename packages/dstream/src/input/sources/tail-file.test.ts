import { appendFileSync, existsSync, mkdtempSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { Milliseconds, Seconds, splitsOf, type Logger, type TailFileOptions } from 'dstream'
import { sourceContract, TestContext } from 'dstream/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import { openFiles } from '../../platform/files/open-files.js'
import { TailSource } from './tail-file.js'

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'dstream-tail-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}

describe('sourceContract', () => {
  const cases = sourceContract(() => {
    const directory = mkdtempSync(join(tmpdir(), 'dstream-tail-'))
    const path = join(directory, 'log')
    return {
      source: () => new TailSource(openFiles, path, { from: 'start' }),
      record: (n) => `line ${n}`,
      append: (lines) => Promise.resolve(appendFileSync(path, lines.map((line) => `${line}\n`).join(''))),
      close: () => Promise.resolve(rmSync(directory, { recursive: true, force: true })),
    }
  })
  test.each(cases.map(({ name, run }) => [name, run] as const))('%s', (_, run) => run())
})

/** A job that follows `log`, on the virtual clock: each step is followed by a batch. */
async function followed(
  steps: readonly ((path: string) => void)[],
  options: TailFileOptions & { readonly maxRate?: number; readonly before?: string } = {},
) {
  const { maxRate, before, ...given } = options
  const path = join(folder(), 'log')
  if (before !== undefined) writeFileSync(path, before)
  const said: string[] = []
  const note = (_: object, line: string): void => void said.push(line)
  const logger: Logger = { debug: () => {}, info: note, warn: note, error: note }
  const t = new TestContext({ batchInterval: Seconds(1), logger, ...(maxRate === undefined ? {} : { maxRate }) })
  const out = t.output(t.ssc.tailFile(path, { from: 'start', ...given }))
  await t.ssc.start()
  for (const step of steps) {
    step(path)
    await t.run(1)
  }
  await t.ssc.stop()
  return { batches: out.batches, said: said.filter((line) => line.includes('Tail')), path }
}
const add =
  (text: string | Uint8Array) =>
  (path: string): void =>
    appendFileSync(path, text)
const nothing = (): void => {}
const rotate = (path: string): void => {
  renameSync(path, `${path}.1`)
  writeFileSync(path, '')
}
const toOld =
  (text: string) =>
  (path: string): void =>
    appendFileSync(`${path}.1`, text)

type Case = [
  what: string,
  steps: ((path: string) => void)[],
  batches: string[][],
  options?: Parameters<typeof followed>[1],
]
test.each<Case>([
  ['lines that are appended', [add('a\nb\n'), nothing, add('c\n')], [['a', 'b'], [], ['c']]],
  ['what is there at the start', [nothing, add('c\n')], [['a', 'b'], ['c']], { before: 'a\nb\n' }],
  ['only what comes, from the end', [nothing, add('c\n')], [[], ['c']], { before: 'a\nb\n', from: 'end' }],
  ['a line that is being written at the start', [nothing, add('c\n')], [[], ['bc']], { before: 'a\nb', from: 'end' }],
  ['a file that comes later, from its start', [nothing, add('a\n')], [[], ['a']], { from: 'end' }],
  ['a line once it has its end', [add('a\nb'), add('c'), add('d\n')], [['a'], [], ['bcd']]],
  ['both line ends, empty lines, and a return inside a line', [add('a\r\n\nb\rc\n')], [['a', '', 'b\rc']]],
  ['a byte order mark at the start only', [add('\ufeffa\n'), add('\ufeffb\n')], [['a'], ['\ufeffb']]],
  ['a character cut in two', [add(Uint8Array.of(0xc3)), add(Uint8Array.of(0xa9, 0x0a))], [[], ['é']]],
  ['a file that is truncated', [add('a\nb\n'), (path) => truncateSync(path, 0), add('c\n')], [['a', 'b'], [], ['c']]],
  [
    'a file that is truncated and longer at once',
    [add('a\n'), (path) => writeFileSync(path, 'b\nc\nd\n')],
    [['a'], ['b', 'c', 'd']],
  ],
  ['a rotation', [add('a\n'), rotate, add('b\n')], [['a'], [], ['b']]],
  [
    'a rotation with the rest of the old file',
    [add('a\n'), (path) => (add('b\n')(path), rotate(path), add('c\n')(path))],
    [['a'], ['b', 'c']],
  ],
  [
    'a writer that has not noticed the rotation',
    [add('a\n'), rotate, toOld('b\n'), add('c\n')],
    [['a'], [], ['b'], ['c']],
  ],
  [
    'a writer that notices too late for rotateWait',
    [add('a\n'), rotate, toOld('b\n'), nothing, toOld('c\n'), add('d\n')],
    [['a'], [], ['b'], [], [], ['d']],
    { rotateWait: Seconds(2) },
  ],
  [
    'the last line of an old file, which has no end',
    [add('a\nb'), rotate, nothing, nothing],
    [['a'], [], ['b'], []],
    { rotateWait: Seconds(1) },
  ],
  [
    'two rotations in one batch',
    [
      add('a\n'),
      (path) => {
        renameSync(path, `${path}.2`)
        writeFileSync(path, 'lost to all that look by name\n')
        renameSync(path, `${path}.1`)
        writeFileSync(path, 'c\n')
      },
    ],
    [['a'], ['c']],
  ],
  [
    'a file that is deleted and made anew',
    [add('a\n'), (path) => rmSync(path), (path) => writeFileSync(path, 'b\n')],
    [['a'], [], ['b']],
  ],
  [
    'a file that is deleted with lines that were not read',
    [add('a\n'), (path) => (add('b\n')(path), rmSync(path)), nothing],
    [['a'], ['b'], []],
  ],
  [
    'no more than the rate allows',
    [add('a\nb\nc\nd\ne\n'), nothing, nothing],
    [['a', 'b'], ['c', 'd'], ['e']],
    { maxRate: 2 },
  ],
  [
    'no more than the bytes of a batch, but a whole line',
    [add('aaaa\nb\nc\ndddd\n'), nothing, nothing],
    [['aaaa'], ['b', 'c'], ['dddd']],
    { maxBytesPerBatch: 4 },
  ],
])('follows %s', async (_, steps, expected, options) => {
  expect((await followed(steps, options)).batches).toEqual(expected)
})

test('a file that is not there is said once, and so is a truncation', async () => {
  const { said } = await followed([nothing, nothing, add('a\n'), (path) => truncateSync(path, 0), nothing])
  expect(said).toEqual([
    expect.stringMatching(/^Tail stream \[0\]: There is no file .*log yet; it is read once it exists\.$/),
    expect.stringMatching(/log begins anew: it was truncated\.$/),
  ])
})

test('a directory is refused in words, at every batch', async () => {
  const t = new TestContext({ batchInterval: Seconds(1) })
  const out = t.output(t.ssc.tailFile(folder()))
  await t.run(1)
  await t.ssc.stop()
  const errors = t.events.filter(({ type }) => type === 'receiverError')
  expect(JSON.stringify(errors)).toMatch(/is a directory, and a file is read line by line/)
  expect(out.batches).toEqual([[]])
})

test('a batch knows its splits: the file, the rotated one beside it, and whether their ends were reached', async () => {
  const path = join(folder(), 'log')
  writeFileSync(path, 'a\nb\n')
  const t = new TestContext({ batchInterval: Seconds(1), maxRate: 1 })
  const splits: unknown[] = []
  t.ssc.tailFile(path, { from: 'start' }).foreachRDD((rdd) => void splits.push(splitsOf(rdd)))
  await t.run(1)
  await t.run(1)
  rotate(path)
  appendFileSync(`${path}.1`, 'c\n')
  await t.run(1)
  await t.ssc.stop()
  expect(splits).toMatchObject([
    [{ name: path, atEnd: false }],
    [{ name: path, atEnd: true }],
    [{ name: expect.stringMatching(/log \(inode \d+\)$/) as string, atEnd: true }],
  ])
})

describe('over a restart', () => {
  const jobOf =
    (path: string, options: TailFileOptions = {}) =>
    (t: TestContext) =>
      t.output(t.ssc.tailFile(path, { from: 'start', ...options }).uid('log'))

  test('a batch that is run again has its lines, from a file that was rotated meanwhile', async () => {
    const path = join(folder(), 'log')
    writeFileSync(path, 'a\n')
    const t = new TestContext({ batchInterval: Seconds(1) })
    const define = jobOf(path)
    define(t)
    await t.run(1)
    appendFileSync(path, 'b\n')
    const next = await t.crashAndRecover(
      (again) => {
        if (existsSync(`${path}.1`)) return define(again)
        rotate(path)
        appendFileSync(path, 'c\n')
        return define(again)
      },
      { at: 'output:begin' },
    )
    await next.run(2)
    await next.stop()
    expect(next.defined.batches.flat()).toEqual(['b', 'c'])
  })

  test('a file that is gone for good stops at the gap, or is passed over, and both are reported', async () => {
    for (const onGap of ['fail', 'skip'] as const) {
      const path = join(folder(), 'log')
      writeFileSync(path, 'a\n')
      const t = new TestContext({ batchInterval: Seconds(1) })
      const define = jobOf(path, { onGap })
      define(t)
      await t.run(1)
      const next = await t.crashAndRecover(define)
      rmSync(path)
      // Another file first, since a file system may give the number of a deleted one away again.
      writeFileSync(`${path}.other`, '')
      writeFileSync(path, 'b\n')
      await next.run(2)
      await next.stop()
      expect(next.defined.batches.flat(), onGap).toEqual(onGap === 'skip' ? ['b'] : [])
      const errors = JSON.stringify(next.events.filter(({ type }) => type === 'receiverError'))
      expect(errors, onGap).toMatch(/what was written to the file behind byte 2 before it was rotated away is gone/)
    }
  })

  test('law: every line comes once and in order, however writes, rotations, truncations and crashes follow each other', async () => {
    const write = fc.record({
      kind: fc.constant('write' as const),
      parts: fc.array(fc.constantFrom('x', 'é', '', '-'), { minLength: 1, maxLength: 3 }),
    })
    const step = fc.oneof(
      { weight: 4, arbitrary: write },
      { weight: 1, arbitrary: fc.constant({ kind: 'rotate' as const }) },
      { weight: 1, arbitrary: fc.constant({ kind: 'truncate' as const }) },
      { weight: 1, arbitrary: fc.constant({ kind: 'crash' as const }) },
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 10 }), async (steps) => {
        const directory = mkdtempSync(join(tmpdir(), 'dstream-tail-'))
        try {
          const path = join(directory, 'log')
          writeFileSync(path, '')
          const define = jobOf(path, { rotateWait: Milliseconds(1) })
          let t: TestContext & { defined?: { batches: string[][] } } = new TestContext({ batchInterval: Seconds(1) })
          t.defined = define(t)
          await t.ssc.start()
          const [written, read]: string[][] = [[], []]
          for (const [i, { kind, ...more }] of steps.entries()) {
            if (kind === 'rotate') {
              renameSync(path, `${path}.${i}`)
              writeFileSync(path, '')
            } else if (kind === 'truncate') truncateSync(path, 0)
            else if (kind === 'crash') {
              read!.push(...t.defined!.batches.flat())
              t = await t.crashAndRecover(define)
            } else {
              for (const [n, part] of (more as { parts: string[] }).parts.entries()) {
                const line = `${i}.${n} ${part}`
                written!.push(line)
                appendFileSync(path, `${line}\n`)
              }
            }
            await t.run(1)
          }
          await t.run(2)
          await t.stop()
          expect([...read!, ...t.defined!.batches.flat()]).toEqual(written)
        } finally {
          rmSync(directory, { recursive: true, force: true })
        }
      }),
      { numRuns: 60 },
    )
  })
})

test.each<[string, unknown, unknown, string]>([
  ['no path', '', {}, 'bad-option'],
  ['another beginning', 'log', { from: 'middle' }, 'bad-option'],
  ['another answer to a gap', 'log', { onGap: 'ignore' }, 'bad-option'],
  ['a bare number for a time', 'log', { rotateWait: 5 }, 'not-a-duration'],
  ['no bytes', 'log', { maxBytesPerBatch: 0 }, 'bad-option'],
  ['an unknown option', 'log', { form: 'start' }, 'unknown-option'],
])('refused at once: %s', (_, path, options, wanted) => {
  const { ssc } = new TestContext({ batchInterval: Seconds(1) })
  expect(() => ssc.tailFile(path as string, options as never)).toThrow(expect.objectContaining({ code: wanted }))
})
