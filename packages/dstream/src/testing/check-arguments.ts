import { DStream } from 'dstream'
import { notAStream } from '../base/errors/graph.js'
import { badOption } from '../base/errors/options.js'

/** Returns the rows if each of them is an array or null. @throws `bad-option` */
export function checkRows<R extends readonly (readonly unknown[] | null)[]>(where: string, rows: R): R {
  const given: unknown = rows
  if (!Array.isArray(given)) throw badOption(where, 'batches', 'an array of batches', given)
  const bad = given.findIndex((row) => row !== null && !Array.isArray(row))
  if (bad !== -1) throw badOption(where, `batches[${bad}]`, 'an array of records, or null for no RDD', given[bad])
  return rows
}

/** Returns the value if it is a stream. @throws `not-a-stream` */
export function checkStream<T>(where: string, stream: DStream<T>): DStream<T> {
  if (!(stream instanceof DStream)) throw notAStream(where, stream)
  return stream
}
