import { expect, test } from 'vitest'
import { linesOf } from './lines.js'

const MARK = [0xef, 0xbb, 0xbf]

async function linesOfBytes(bytes: readonly number[], chunkLength: number): Promise<string[]> {
  async function* chunks(): AsyncIterable<Uint8Array> {
    for (let i = 0; i < bytes.length; i += chunkLength) yield Uint8Array.from(bytes.slice(i, i + chunkLength))
  }
  const lines: string[] = []
  for await (const line of linesOf(chunks())) lines.push(line)
  return lines
}

const text = (value: string): number[] => [...Buffer.from(value)]

test.each<[string, number[], string[]]>([
  ['a mark before the first line', [...MARK, ...text('a\nb\n')], ['a', 'b']],
  ['a mark alone', MARK, []],
  ['a mark before an empty line', [...MARK, ...text('\na')], ['', 'a']],
  ['no mark', text('a\nb'), ['a', 'b']],
  ['a mark in the middle is a character', [...text('a\n'), ...MARK, ...text('b\n')], ['a', '\ufeffb']],
  ['a second mark is a character', [...MARK, ...MARK, ...text('a')], ['\ufeffa']],
  ['a character that begins like the mark', [0xef, 0xbb, 0xbe, ...text('a')], ['\ufefea']],
  ['the beginning of a mark alone', [0xef, 0xbb], ['\ufffd']],
  ['nothing', [], []],
])('%s', async (_, bytes, lines) => {
  for (const chunkLength of [1, 2, 3, 4, 100]) expect(await linesOfBytes(bytes, chunkLength)).toEqual(lines)
})
