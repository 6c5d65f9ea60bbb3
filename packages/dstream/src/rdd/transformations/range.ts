import { badOption } from '../../base/errors/options.js'
import type { PartitionSource } from '../plan/lineage.js'

/** Returns the numbers from `start` to before `end` in `n` partitions. They are made as they are read. */
export function rangeParts(start: number, end: number, step: number, n: number): PartitionSource<number>[] {
  if (!Number.isSafeInteger(start)) throw badOption('range', 'start', 'a whole number', start)
  if (!Number.isSafeInteger(end)) throw badOption('range', 'end', 'a whole number', end)
  if (!Number.isSafeInteger(step) || step === 0) throw badOption('range', 'step', 'a whole number other than 0', step)
  const length = Math.max(0, Math.ceil((end - start) / step))
  const at = (p: number): number => Math.floor((p * length) / n)
  return Array.from({ length: n }, (_, p) => {
    const count = at(p + 1) - at(p)
    return { count, iterate: () => numbers(start + at(p) * step, step, count) }
  })
}

function* numbers(from: number, step: number, count: number): Generator<number> {
  for (let i = 0; i < count; i++) yield from + i * step
}
