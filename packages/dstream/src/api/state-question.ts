import type { Key } from '../base/keys/key.js'
import type { Yielder } from '../base/ports.js'
import type { StateAnswer, StateQuestion, StateRow } from '../observe/job-view.js'
import type { StateView } from '../streams/state/view.js'

/** Answers a question about a table. A long table is read in slices, so that batches go on meanwhile. */
export async function answerQuestion(
  view: StateView<Key, unknown>,
  { key, by, limit }: StateQuestion,
  yielder: Yielder,
): Promise<StateAnswer> {
  const batchTime = view.time.milliseconds
  if (key !== undefined) {
    const rows = rowsOfKey(view, key)
    return { batchTime, keys: view.size, scanned: rows.length, rows }
  }
  if (by !== undefined) return { batchTime, keys: view.size, ...(await largest(view, by, limit, yielder)) }
  const rows: StateRow[] = []
  for (const [first, value] of view) {
    if (rows.length === limit) break
    rows.push({ key: first, value })
  }
  return { batchTime, keys: view.size, scanned: rows.length, rows }
}

/** A text may stand for itself, or for a number, a boolean or a list as JSON. */
function rowsOfKey(view: StateView<Key, unknown>, text: string): StateRow[] {
  const candidates: Key[] = [text]
  try {
    candidates.push(JSON.parse(text) as Key)
  } catch {
    // It is only a text then.
  }
  for (const key of candidates) {
    const value = valueOf(view, key)
    if (value !== undefined) return [{ key, value }]
  }
  return []
}

function valueOf(view: StateView<Key, unknown>, key: Key): unknown {
  try {
    return view.get(key)
  } catch {
    // Not every JSON is a key.
    return undefined
  }
}

/** The records whose number is largest, largest first. */
async function largest(
  view: StateView<Key, unknown>,
  by: string,
  limit: number,
  yielder: Yielder,
): Promise<{ readonly scanned: number; readonly rows: readonly StateRow[] }> {
  const path = by === '' ? [] : by.split('.')
  const top: { readonly number: number; readonly row: StateRow }[] = []
  const slice = yielder.begin()
  let scanned = 0
  let left = slice.size
  for (const [key, value] of view) {
    scanned++
    const number = numberAt(value, path)
    if (number !== undefined && (top.length < limit || number > top.at(-1)!.number)) {
      const at = top.findIndex((other) => number > other.number)
      top.splice(at === -1 ? top.length : at, 0, { number, row: { key, value } })
      if (top.length > limit) top.pop()
    }
    if (--left <= 0) {
      await slice.pause()
      left = slice.size
    }
  }
  return { scanned, rows: top.map(({ row }) => row) }
}

function numberAt(value: unknown, path: readonly string[]): number | undefined {
  let at: unknown = value
  for (const name of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, name)) return undefined
    at = (at as Record<string, unknown>)[name]
  }
  if (typeof at === 'bigint') return Number(at)
  return typeof at === 'number' && !Number.isNaN(at) ? at : undefined
}
