import { bufferFull } from '../../base/errors/receive.js'

export interface BufferLimits {
  /** Records of one receiver that may wait for a batch before the receiver is asked to pause. */
  readonly maxBufferedRecords: number
  /**
   * The same bound in bytes. Strings and byte arrays count by their length, other records not at all. Of encoded records
   * that can be counted, each counts for 16 bytes at least: a line feed alone becomes a record that takes more memory.
   */
  readonly maxBufferedBytes: number
}

export const defaultLimits: BufferLimits = { maxBufferedRecords: 100_000, maxBufferedBytes: 64 * 1024 * 1024 }

/** Data is refused beyond this multiple of a bound. */
const REFUSAL = 2

/**
 * Counts the data of one receiver that no finished batch has consumed, in its block builder and in blocks. It has two
 * marks, so that a source is not paused and resumed for every record: full at the bound, free again at half of it.
 */
export class Backlog {
  readonly #limits: BufferLimits
  #records = 0
  #bytes = 0
  #full = false

  constructor(limits: Partial<BufferLimits> = {}) {
    this.#limits = { ...defaultLimits, ...limits }
  }

  get records(): number {
    return this.#records
  }
  get bytes(): number {
    return this.#bytes
  }
  get full(): boolean {
    return this.#full
  }

  /** @throws `receiver-buffer-full` when twice the bound is waiting already */
  reserve(records: number, bytes: number): void {
    const { maxBufferedRecords, maxBufferedBytes } = this.#limits
    if (this.#records >= REFUSAL * maxBufferedRecords) throw bufferFull('records', this.#records, maxBufferedRecords)
    if (this.#bytes >= REFUSAL * maxBufferedBytes) throw bufferFull('bytes', this.#bytes, maxBufferedBytes)
    this.#records += records
    this.#bytes += bytes
    if (this.#records >= maxBufferedRecords || this.#bytes >= maxBufferedBytes) this.#full = true
  }

  release(records: number, bytes: number): void {
    this.#records -= records
    this.#bytes -= bytes
    const { maxBufferedRecords, maxBufferedBytes } = this.#limits
    if (this.#records <= maxBufferedRecords / 2 && this.#bytes <= maxBufferedBytes / 2) this.#full = false
  }
}

const LEAST_RECORD_BYTES = 16

/** Returns the bytes for which encoded records count. `count` is their number, where it is known. */
export function sizeOfEncoded(bytes: Uint8Array, count: number | undefined): number {
  return Math.max(bytes.byteLength, LEAST_RECORD_BYTES * (count ?? 0))
}

/** Returns the length of a string or byte array, and 0 for other records: their size is not known without a look inside. */
export function sizeOf(record: unknown): number {
  if (typeof record === 'string') return record.length
  return ArrayBuffer.isView(record) ? record.byteLength : 0
}

/** Returns the bytes for which the records count. */
export function sizeOfRecords(records: readonly unknown[]): number {
  let size = 0
  for (const record of records) size += sizeOf(record)
  return size
}
