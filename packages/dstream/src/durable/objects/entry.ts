import { DamagedError, newerFormat } from '../../base/errors/storage.js'
import { concat } from '../../base/values/bytes.js'
import { crc32 } from '../log/crc32.js'

/** Some bytes of a file: in memory, while an entry holds them, or in an object of their own. */
export type Piece = { readonly bytes: Uint8Array } | { readonly object: string; readonly length: number }

/** A change of one file. Its bytes are in the body of the entry, in the order of the changes, or in an object. */
export type Change =
  | {
      readonly op: 'append' | 'put'
      readonly file: string
      readonly length: number
      readonly object?: string | undefined
    }
  | { readonly op: 'delete'; readonly file: string }

/** The pieces of a file as a table stores them, all in objects of their own. */
export type StoredFile = readonly [file: string, pieces: readonly (readonly [object: string, length: number])[]]

/** All files as of one entry, so that no earlier entry has to be read. */
export interface StoredTable {
  readonly files: readonly StoredFile[]
  /** The numbers of the entries with which owners began. */
  readonly claims: readonly number[]
}

/** What an entry says. */
export interface EntryHead {
  readonly number: number
  /** The count of owners until then: each begins with an entry of a higher one. */
  readonly epoch: number
  /** The storage object that wrote the entry. */
  readonly writer: string
  /** Tells the entries of one writer apart. */
  readonly id: number
  /** The number of the newest entry with a table, at which reading begins. */
  readonly base: number
  /** A text that describes the owner; `null` where the storage is free. */
  readonly owner: string | null
  /** Whether an owner begins with this entry. */
  readonly claims?: true | undefined
  readonly changes?: readonly Change[] | undefined
  readonly table?: StoredTable | undefined
}

export interface Entry {
  readonly head: EntryHead
  readonly body: Uint8Array
}

const FORMAT = 1
/** "DSOB", the format, the sum of the bytes behind it, and the length of the head. */
const PREFIX = 13
const MAGIC = 0x44534f42

export function encodeEntry({ head, body }: Entry): Uint8Array {
  const text = new TextEncoder().encode(JSON.stringify(head))
  const bytes = concat([new Uint8Array(PREFIX), text, body])
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  view.setUint32(0, MAGIC)
  view.setUint8(4, FORMAT)
  view.setUint32(9, text.length)
  view.setUint32(5, crc32(bytes.subarray(9)))
  return bytes
}

/** @throws `checkpoint-damaged`, `checkpoint-newer-format` */
export function decodeEntry(object: string, bytes: Uint8Array): Entry {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (bytes.length < PREFIX || view.getUint32(0) !== MAGIC)
    throw new DamagedError(object, 0, 'it is no object of a checkpoint')
  const format = view.getUint8(4)
  if (format > FORMAT) throw newerFormat(object, format, FORMAT)
  if (view.getUint32(5) !== crc32(bytes.subarray(9)))
    throw new DamagedError(object, 5, 'its bytes do not have the sum that was written')
  const end = PREFIX + view.getUint32(9)
  const head = JSON.parse(new TextDecoder().decode(bytes.subarray(PREFIX, end))) as EntryHead
  return { head, body: bytes.subarray(end) }
}
