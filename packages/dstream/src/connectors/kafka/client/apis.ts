import type { API } from '@platformatic/kafka'
import type { Library } from './library.js'

/** The requests that are sent, each with the type of its newest version: the arguments of all versions are the same. */
export interface Apis {
  readonly Metadata: Library['metadataV12']['api']
  readonly FindCoordinator: Library['findCoordinatorV6']['api']
  readonly ListOffsets: Library['listOffsetsV9']['api']
  readonly Fetch: Library['fetchV17']['api']
  readonly OffsetFetch: Library['offsetFetchV9']['api']
  readonly OffsetCommit: Library['offsetCommitV9']['api']
  readonly Produce: Library['produceV11']['api']
  readonly InitProducerId: Library['initProducerIdV5']['api']
  readonly AddPartitionsToTxn: Library['addPartitionsToTxnV3']['api']
  readonly AddOffsetsToTxn: Library['addOffsetsToTxnV4']['api']
  readonly TxnOffsetCommit: Library['txnOffsetCommitV4']['api']
  readonly EndTxn: Library['endTxnV4']['api']
}

export type ApiName = keyof Apis
export type Arguments<N extends ApiName> = Apis[N] extends API<infer A, unknown> ? A : never
export type Answer<N extends ApiName> = Apis[N] extends API<infer _A, infer R> ? R : never

/**
 * The versions that are used, from the first with the needed arguments. Later versions of AddPartitionsToTxn are for brokers
 * among themselves, and a broker with access control refuses them.
 */
const VERSIONS: Readonly<Record<ApiName, readonly [lowest: number, highest: number]>> = {
  Metadata: [10, 12],
  FindCoordinator: [4, 6],
  ListOffsets: [7, 9],
  Fetch: [13, 17],
  OffsetFetch: [8, 9],
  OffsetCommit: [8, 9],
  Produce: [9, 11],
  InitProducerId: [4, 5],
  AddPartitionsToTxn: [3, 3],
  AddOffsetsToTxn: [3, 4],
  TxnOffsetCommit: [3, 4],
  EndTxn: [3, 4],
}

export interface VersionRange {
  readonly minVersion: number
  readonly maxVersion: number
}

/** Returns the newest version of a request that both the client and a broker know; `undefined` when there is none. */
export function apiFor<N extends ApiName>(library: Library, name: N, broker: VersionRange): Apis[N] | undefined {
  const [lowest, highest] = VERSIONS[name]
  const prefix = `${name[0]!.toLowerCase()}${name.slice(1)}V`
  for (let version = Math.min(highest, broker.maxVersion); version >= Math.max(lowest, broker.minVersion); version--) {
    const found = (library as unknown as Readonly<Record<string, { readonly api: Apis[N] } | undefined>>)[
      `${prefix}${version}`
    ]
    if (found !== undefined) return found.api
  }
  return undefined
}

/** Returns the versions of a request that are used, as words for an error. */
export function versionsOf(name: ApiName): string {
  const [lowest, highest] = VERSIONS[name]
  return lowest === highest ? `version ${lowest}` : `one of the versions ${lowest} to ${highest}`
}
