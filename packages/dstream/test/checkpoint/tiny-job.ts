import type { Block } from '../../src/durable/blocks/block.js'
import type { Storage, Yielder } from '../../src/base/ports.js'
import type { CrashHook } from '../../src/base/crash-points.js'
import type {
  CheckpointLimits,
  CheckpointOptions,
  OperatorSignature,
  Recovered,
  Remembered,
  TableChange,
  TableEntry,
} from '../../src/durable/checkpoint/checkpoint.js'
import { openCheckpoint } from '../../src/durable/checkpoint/open-checkpoint.js'

/**
 * The smallest job that uses all of a checkpoint: a source that goes on from a position, a table whose keys come, change,
 * go and come back, a window over the last two batches, a source with ranges. What it keeps in memory is kept apart from
 * what it stores, so that the two can be compared.
 */
export interface TinyState {
  readonly time: number | undefined
  /** In order of first arrival. */
  readonly entries: readonly TableEntry[]
  readonly window: readonly Remembered[]
  readonly position: unknown
}

export function print(id: string, more: Partial<OperatorSignature> = {}): OperatorSignature {
  return {
    id,
    derived: false,
    kind: id,
    fingerprint: 'f',
    tables: [],
    version: 1,
    ...more,
  }
}
export const tinyOperators: readonly OperatorSignature[] = [
  print('feed', { streamId: 0 }),
  print('files'),
  print('window'),
  print('totals', { tables: ['state'] }),
]

export const everyRecord: Yielder = { begin: () => ({ size: 1, pause: () => Promise.resolve() }) }

export interface TinyOptions {
  readonly onCrashPoint?: CrashHook
  readonly limits?: CheckpointLimits
  /** Called with what is durable, after each commit. */
  readonly committed?: (state: TinyState) => void
  readonly more?: Partial<CheckpointOptions>
}

export const tinyLimits: CheckpointLimits = { segmentBytes: 700, snapshotBytes: 600, keepSnapshots: 2 }
export const batchMs = 1000

export async function openTiny(storage: Storage, { onCrashPoint, limits = tinyLimits, more = {} }: TinyOptions = {}) {
  const options: CheckpointOptions = {
    storage,
    operators: tinyOperators,
    zeroTime: 0,
    batchMs,
    engine: 'test',
    codec: () => undefined,
    yielder: everyRecord,
    now: () => 12_345,
    onCrashPoint,
    limits,
    ...more,
  }
  return openCheckpoint(options, await storage.lock())
}

/** What was recovered, without what only the checkpoint itself knows of an entry. */
export function entriesOf(recovered: Recovered): TableEntry[] {
  return [...(recovered.table('totals', 'state') ?? [])].map(({ key, value, touched, touchSequence }) => ({
    key,
    value,
    touched,
    touchSequence,
  }))
}

/** Block `n` of the feed: what it holds depends on its number alone. */
function blockOf(n: number): Block {
  return {
    id: `b${n}`,
    streamId: 0,
    payload: { records: [`k${n % 4}`, `k${(n * 3) % 7}`, `only${n}`] },
    count: 3,
    position: n,
  }
}

/** Runs the job on a storage up to batch `last`, from wherever the storage stands. */
export async function runTiny(storage: Storage, last: number, options: TinyOptions = {}): Promise<TinyState> {
  const { checkpoint, recovered } = await openTiny(storage, options)
  const { journal } = checkpoint
  const table = new Map<unknown, TableEntry>()
  for (const entry of entriesOf(recovered)) table.set(entry.key, entry)
  let window = [...recovered.remembered]
  let range = (recovered.positions.get('files') as number | undefined) ?? 0
  let time = recovered.lastCommitted
  const state = (): TinyState => ({ time, entries: [...table.values()], window, position: journal.position(0) })
  for (let t = (time ?? 0) + batchMs; t <= last * batchMs; t += batchMs) {
    // Two blocks for each batch; what an earlier life has had confirmed is not sent again.
    for (let n = ((journal.position(0) as number | undefined) ?? 0) + 1; n <= (t / batchMs) * 2; n++) {
      await again(() => journal.addBlock(blockOf(n)))
    }
    const { blocks, ranges } = await again(() =>
      journal.allocate(t, new Map([['files', { from: range, until: range + 3 }]])),
    )
    const { from, until } = ranges.get('files') as { from: number; until: number }
    const records = [...blocks.values()]
      .flat()
      .flatMap(({ payload }) => ('records' in payload ? [...payload.records] : []))
    const lines = Array.from({ length: until - from }, (_, i) => `line${from + i}`)
    const changes = batchOf(table, [...records, ...lines], t)
    const isByHash = t % (2 * batchMs) === 0
    const remembered = [{ operator: 'window', time: t, partitions: [records, lines], isByHash }]
    await again(() =>
      checkpoint.commit({
        time: t,
        tables: [{ operator: 'totals', table: 'state', changes }],
        remembered,
        unremembered: new Map([['window', t - 2 * batchMs]]),
        positions: new Map([['files', until]]),
        forget: t,
      }),
    )
    fold(table, changes)
    window = [...window.filter((kept) => kept.time > t - 2 * batchMs), ...remembered]
    range = until
    time = t
    options.committed?.(state())
    await journal.forget(t)
    const entries = [...table.values()]
    checkpoint.snapshotIfDue(() => ({
      tables: [{ operator: 'totals', table: 'state', entries: () => entries, release: () => undefined }],
      remembered: window,
    }))
  }
  await checkpoint.close()
  return state()
}

/** A key counts its records, and goes when it has had four: some come back later. */
function batchOf(table: ReadonlyMap<unknown, TableEntry>, records: readonly unknown[], time: number): TableChange[] {
  const after = new Map<unknown, number>()
  for (const key of records) {
    const before = after.get(key) ?? (table.get(key)?.value as { n: number } | undefined)?.n ?? 0
    after.set(key, before + 1)
  }
  return [...after].map(([key, n], touchSequence) => ({
    key,
    value: n >= 4 ? undefined : { n },
    touched: time,
    touchSequence,
    gone: n >= 4,
  }))
}

function fold(table: Map<unknown, TableEntry>, changes: readonly TableChange[]): void {
  for (const { gone, ...entry } of changes) {
    if (gone) table.delete(entry.key)
    else table.set(entry.key, entry)
  }
}

/** A failed call is made again, as a receiver and a batch are; a disk that stays ill ends the life. */
async function again<T>(call: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await call()
    } catch (error) {
      if (attempt === 6) throw error
    }
  }
}
