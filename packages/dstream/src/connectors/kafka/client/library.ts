import type * as library from '@platformatic/kafka'
import { kafkaClientMissing } from '../../../base/errors/kafka.js'
import { loadPackage } from '../../../base/optional-package.js'

export type Library = typeof library

/** Loads the client, which only users of this sub-path need. @throws `kafka-client-missing` */
export function loadLibrary(load: () => Promise<Library> = () => import('@platformatic/kafka')): Promise<Library> {
  return loadPackage('@platformatic/kafka', load, kafkaClientMissing)
}
