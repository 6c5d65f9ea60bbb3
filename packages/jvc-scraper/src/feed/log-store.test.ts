import { appendFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { FileLogStore } from './file-log-store.js'
import type { LogEntry } from './log-store.js'

function entry(seq: number): LogEntry {
  return {
    seq,
    topicId: '7',
    postId: String(100 + seq),
    line: `{"n":${seq},"é":"\u2028"}`,
  }
}

function entries(from: number, to: number): LogEntry[] {
  return Array.from({ length: to - from }, (_, i) => entry(from + i))
}

const folders: string[] = []
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true })
})
async function folder(): Promise<string> {
  folders.push(await mkdtemp(join(tmpdir(), 'feed-log-')))
  return join(folders.at(-1) as string, 'log')
}

async function reopen(path: string, segmentBytes = 1e6) {
  const store = new FileLogStore(path, { segmentBytes })
  const stored = await store.open()
  return { store, ...stored }
}

async function lastFile(path: string): Promise<string> {
  return join(
    path,
    (await readdir(path))
      .filter((name) => name.endsWith('.log'))
      .sort()
      .at(-1) as string,
  )
}

describe('FileLogStore', () => {
  test('gives back what was appended, over any number of openings, under one id', async () => {
    const path = await folder()
    const first = await reopen(path)
    expect(first).toMatchObject({ next: 0, entries: [] })
    await first.store.append(entries(0, 3), 0)
    await first.store.append(entries(3, 4), 0)
    await first.store.close()
    const second = await reopen(path)
    expect(second).toMatchObject({ id: first.id, next: 4, entries: entries(0, 4) })
    await second.store.append(entries(4, 6), 0)
    await second.store.close()
    const third = await reopen(path)
    expect(third).toMatchObject({ id: first.id, next: 6, entries: entries(0, 6) })
    await third.store.close()
  })

  test('a crash at any byte of the last append leaves what was synced before', async () => {
    const path = await folder()
    const { store } = await reopen(path)
    await store.append(entries(0, 2), 0)
    await store.append(entries(2, 4), 0)
    await store.close()
    const file = await lastFile(path)
    const whole = await readFile(file)
    const ends = [...whole.entries()].filter(([, byte]) => byte === 10).map(([at]) => at + 1)
    for (let length = 0; length <= whole.length; length += 7) {
      await writeFile(file, whole.subarray(0, length))
      const survivors = ends.filter((end) => end <= length).length
      const again = await reopen(path)
      expect([length, again.entries]).toEqual([length, entries(0, survivors)])
      // The cut is gone for good: the next append and opening are as ever.
      await again.store.append([entry(again.next)], 0)
      await again.store.close()
      const after = await reopen(path)
      expect(after.entries).toEqual(entries(0, survivors + 1))
      await after.store.close()
      await rm(path, { recursive: true })
      const fresh = await reopen(path)
      await fresh.store.append(entries(0, 4), 0)
      await fresh.store.close()
    }
  })

  test('damage that no crash explains is an error that names file and place', async () => {
    const path = await folder()
    const { store } = await reopen(path)
    await store.append(entries(0, 3), 0)
    await store.close()
    const file = await lastFile(path)
    const bytes = await readFile(file)
    const at = bytes.indexOf('\n') + 1
    bytes.write('"n":7', bytes.indexOf('"n":1'))
    await writeFile(file, bytes)
    await expect(reopen(path)).rejects.toMatchObject({
      code: 'log-broken',
      message: expect.stringContaining(`${file}, at byte ${at}`),
    })
  })

  test('a number that is missing is an error', async () => {
    const path = await folder()
    const { store } = await reopen(path)
    await store.append(entries(0, 1), 0)
    await store.append(entries(2, 3), 0)
    await store.close()
    await expect(reopen(path)).rejects.toMatchObject({
      code: 'log-broken',
      message: expect.stringContaining('number 2 follows 0'),
    })
  })

  test('a file is removed when nothing of it is needed any more', async () => {
    const path = await folder()
    const { store } = await reopen(path, 500)
    for (let n = 0; n < 100; n++) await store.append([entry(n)], Math.max(0, n - 40))
    await store.close()
    const { entries: kept, next } = await reopen(path, 500)
    expect(next).toBe(100)
    expect(kept).toEqual(entries(100 - kept.length, 100))
    expect(kept.length).toBeGreaterThanOrEqual(40)
    expect(kept.length).toBeLessThan(70)
  })

  test('one process at a time; a lock whose process is gone is taken over', async () => {
    const path = await folder()
    const { store } = await reopen(path)
    await store.close()
    await writeFile(
      join(path, 'lock'),
      `${process.ppid} ${(await readFile(`/proc/${process.ppid}/stat`, 'latin1')).split(') ').at(-1)?.split(' ')[19]}`,
    )
    await expect(reopen(path)).rejects.toMatchObject({
      code: 'data-locked',
      message: expect.stringContaining(String(process.ppid)),
    })
    await writeFile(join(path, 'lock'), `${process.ppid} 1`)
    const taken = await reopen(path)
    await taken.store.close()
    await writeFile(join(path, 'lock'), '999999999 1')
    const again = await reopen(path)
    await again.store.close()
    expect(await readdir(path)).not.toContain('lock')
  })

  test('after a failed append the file is cut back to what was synced, and the numbers are given again', async () => {
    const path = await folder()
    const { store } = await reopen(path)
    await store.append(entries(0, 2), 0)
    // As if a write had got half through before it failed.
    await appendFile(await lastFile(path), '0000 half a li')
    expect(await store.recover()).toEqual([])
    await store.append(entries(2, 4), 0)
    await store.close()
    const again = await reopen(path)
    expect(again.entries).toEqual(entries(0, 4))
    await again.store.close()
  })
})
