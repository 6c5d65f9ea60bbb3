import { arePlainPairs } from '../../base/values/array-extras.js'
import type { Copy, LineageNode, LoopInput } from '../plan/lineage.js'
import { takesPairs } from './fused/source.js'
import type { LoopSink } from './loop-sink.js'
import { ObjectCopies } from './object-copies.js'
import { PairCopies } from './pair-copies.js'

/**
 * The values that records consist of: no objects; also pairs of such values; plain objects of such values alone; anything.
 * Only records of the last kind cost a look at each of them for every reader.
 */
type Contents = 'atoms' | 'pairs' | 'flat' | 'any'

/** The part of the records that a chain shows to its functions. `values`: of pairs, for keys are the engine's own. */
type Taken = 'nothing' | 'values' | 'records'

const known = new WeakMap<readonly unknown[], Contents>()

/** Returns what a chain takes from its input. */
export function partTaken(steps: readonly LineageNode[], sink: LoopSink): Taken {
  const plan = steps[0]?.plan
  if (plan === undefined && sink.kind === 'count') return 'nothing'
  const first = plan?.type === 'narrow' ? plan.op : sink.kind
  // A bucket keeps the pair itself for the next operator.
  return first !== 'bucket' && takesPairs(first) ? 'values' : 'records'
}

/** Returns kept records for one reader: copies of those that can be changed, each made when it is read. */
export function recordsFor(records: readonly unknown[], copy: Copy, taken: Taken): LoopInput {
  if (taken === 'nothing' || records.length === 0) return records
  const contents = contentsOf(records)
  if (contents === 'atoms' || (contents === 'pairs' && taken === 'values')) return records
  if (taken === 'values') return withOwnValues(records, copy)
  if (contents === 'flat') return new ObjectCopies(records as readonly Record<string, unknown>[])
  return contents === 'pairs' && arePlainPairs(records) ? new PairCopies(records) : ownRecords(records, copy)
}

/** Notes what a look at all records of an array that the engine keeps has found. */
export function noteContents(records: readonly unknown[], contents: Contents): void {
  known.set(records, contents)
}

/** Returns what the records of an array that the engine keeps consist of. */
export function contentsOf(records: readonly unknown[]): Contents {
  let contents = known.get(records)
  if (contents === undefined) known.set(records, (contents = readContents(records)))
  return contents
}

function readContents(records: readonly unknown[]): Contents {
  let contents: Contents = 'atoms'
  for (let i = 0; i < records.length; i++) {
    const record = records[i]
    if (!isObject(record)) continue
    if (!isPairOfAtoms(record)) return 'any'
    contents = 'pairs'
  }
  return contents
}

export function isPairOfAtoms(record: unknown): boolean {
  return Array.isArray(record) && record.length === 2 && !isObject(record[0]) && !isObject(record[1])
}

export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

function* withOwnValues(records: readonly unknown[], copy: Copy): Generator<unknown> {
  for (let i = 0; i < records.length; i++) {
    const record = records[i]
    if (!Array.isArray(record) || record.length !== 2) yield record
    else yield isObject(record[1]) ? [record[0], copy(record[1])] : record
  }
}

function* ownRecords(records: readonly unknown[], copy: Copy): Generator<unknown> {
  for (let i = 0; i < records.length; i++) {
    const record = records[i]
    yield isObject(record) ? copy(record) : record
  }
}
