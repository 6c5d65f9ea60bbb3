/**
 * A format of files: `fileStream` reads its files, and `fileSink` writes each partition as one of them. The formats of dstream
 * are `csv` and `parquet`; one of your own needs these four members.
 *
 * @typeParam W the records that it writes
 * @typeParam R the records that it reads
 */
export interface FileFormat<in W, out R = W> {
  /** The ending of the names of the files that are written, without the dot. */
  readonly extension: string
  /**
   * Returns the records of the file at a path, one after the other. What it throws fails the file.
   * @param refuse called with a record that cannot be read, and the error; where it returns, the record is left out, and the
   *   format goes on behind it. It is absent where every record has to be read.
   */
  read(path: string, refuse?: RefuseRecord): AsyncIterable<R>
  /** Returns the records of the contents of a file. */
  decode(bytes: Uint8Array): AsyncIterable<R>
  /** Returns the contents of a file with these records. */
  encode(records: readonly W[]): Promise<Uint8Array>
}

/** Decides about a record that a format cannot read: throws the error that fails the file, or returns. */
export type RefuseRecord = (record: unknown, error: unknown) => void

/** Returns whether a value has the members of a format. */
export function isFileFormat(value: unknown): value is FileFormat<never, unknown> {
  if (typeof value !== 'object' || value === null) return false
  const { extension, read, decode, encode } = value as Partial<Record<keyof FileFormat<never>, unknown>>
  return typeof extension === 'string' && [read, decode, encode].every((member) => typeof member === 'function')
}
