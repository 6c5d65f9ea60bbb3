import { fileNotRead, fileRecordNotRead } from '../../base/errors/receive.js'
import type { RefuseRecord } from '../../base/file-format.js'
import { RecordError, type RecordOrigin } from '../../base/record-error.js'
import { describe } from '../../base/text/describe.js'
import type { AnyFunction } from '../../rdd/plan/lineage.js'
import { failOnRecord } from '../../rdd/plan/record-policy.js'
import type { Counts, Later } from './counts.js'
import type { SourceHome } from './input-source.js'
import type { Reporter } from './reporter.js'

/** Returns the records of a file, or a promise of them. */
export type ReadFile<T> = (path: string) => Later<T>

/** The same, for a reader that leaves out the records that do not decode, or asks whether they fail the file. */
export type ReadDecoded<T> = (path: string, bad: OnUndecodable, refuse: RefuseRecord | undefined) => Later<T>
type OnUndecodable = (record: Uint8Array, error: unknown) => void

/** A way to read the records of files. */
export interface FileReader<T> {
  readonly read: ReadDecoded<T>
  /** The user's function that reads, where that is no format and no codec. */
  readonly by?: AnyFunction | undefined
}

/** The surroundings of the files of a stream. */
interface FileHome {
  readonly home: SourceHome
  readonly reporter: Reporter
  readonly counts: Counts
  /** The method that made the stream, for errors. */
  readonly kind: string
}

/** Reads a file of a batch: counts its records, and reports those that do not decode. */
export async function* loadFile<T>(
  { home, reporter, counts, kind }: FileHome,
  read: ReadDecoded<T>,
  { time, path, origin }: { readonly time: number; readonly path: string; readonly origin: RecordOrigin },
): AsyncIterable<T> {
  let number = 0
  const place = (): string => `${path} ${number++}`
  const policy = home.sc.runtime.onRecordError
  const refuse: RefuseRecord | undefined =
    policy &&
    ((record, error) => failOnRecord(origin, record, fileRecordNotRead(path, error), policy, { place: place() }))
  const bad = (record: Uint8Array, error: unknown): void => {
    home.skipped?.({ record, error, time, place: place() })
    const text = describe(new TextDecoder().decode(record))
    reporter.report(`A record of ${path} does not decode and is left out: ${text}`, error)
  }
  try {
    yield* counts.countedAsync(time, path, kind, read(path, bad, refuse))
  } catch (error) {
    throw error instanceof RecordError ? error : fileNotRead(path, time, error)
  }
}
