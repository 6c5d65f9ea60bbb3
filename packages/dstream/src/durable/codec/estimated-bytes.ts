import { encodeValue } from './value-codec.js'

/** The most records whose size stands for that of all; fewer where the first one is large. */
const SAMPLE = 32
const SAMPLED_BYTES = 1 << 16

/**
 * Returns the approximate length of records as they are stored, from the first few of them.
 *
 * @param size the number of all records
 */
export function estimatedBytes(records: Iterable<unknown>, size: number): number {
  const sample: unknown[] = []
  let most = SAMPLE
  for (const record of records) {
    if (sample.push(record) === 1) most = Math.min(SAMPLE, Math.ceil(SAMPLED_BYTES / encodedLength(sample)))
    if (sample.length >= most) break
  }
  return sample.length === 0 ? 0 : Math.ceil((encodedLength(sample) * size) / sample.length)
}

/** Returns the bytes of records, or a guess for those that cannot be stored. */
function encodedLength(records: readonly unknown[]): number {
  try {
    return encodeValue(records, 1).length
  } catch {
    return records.length * 100
  }
}
