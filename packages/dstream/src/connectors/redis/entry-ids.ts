/** The id before all others. */
export const FIRST_ID = '0-0'

const ID = /^\d{1,20}(-\d{1,20})?$/

export function isEntryId(text: string): boolean {
  return ID.test(text)
}

/** Returns a negative number when `a` comes before `b`, 0 when they are the same id. */
export function compareIds(a: string, b: string): number {
  const [[aMs, aSeq], [bMs, bSeq]] = [partsOf(a), partsOf(b)]
  if (aMs !== bMs) return aMs < bMs ? -1 : 1
  return aSeq === bSeq ? 0 : aSeq < bSeq ? -1 : 1
}

function partsOf(id: string): readonly [ms: bigint, seq: bigint] {
  const [ms = '0', seq = '0'] = id.split('-')
  return [BigInt(ms), BigInt(seq)]
}
