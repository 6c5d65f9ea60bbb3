import { bufferFull } from '../../base/errors/receive.js'

export interface BufferLimits {
  /** Records of one receiver that may wait for a batch before it is asked to pause. */
  readonly maxBufferedRecords: number
  /** The same in bytes; of records, strings and byte arrays count by their length, others not at all. */
  readonly maxBufferedBytes: number
}

export const defaultLimits: BufferLimits = { maxBufferedRecords: 100_000, maxBufferedBytes: 64 * 1024 * 1024 }

/** Beyond this multiple of a bound nothing more is taken. */
const REFUSAL = 2

/**
 * What one receiver holds: what is in its block builder and in blocks that no finished batch has consumed. Two marks, so
 * that a source is not paused and resumed for every record: full at the bound, free again at half of it.
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

  /** @throws `receiver-buffer-full` when far more than the bound is held already */
  take(records: number, bytes: number): void {
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

/** The part of a record's size that can be told without looking into it. */
export function sizeOf(record: unknown): number {
  if (typeof record === 'string') return record.length
  return record instanceof Uint8Array ? record.byteLength : 0
}
