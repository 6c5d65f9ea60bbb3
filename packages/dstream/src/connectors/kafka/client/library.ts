import type * as library from '@platformatic/kafka'
import { kafkaClientMissing } from '../../../base/errors/kafka.js'

export type Library = typeof library

/** Loads the client, which only users of this sub-path need. @throws `kafka-client-missing` */
export async function loadLibrary(
  load: () => Promise<Library> = () => import('@platformatic/kafka'),
): Promise<Library> {
  return load().catch((error: unknown) => {
    const { code, message } = error as { code?: unknown; message?: unknown }
    const isMissing = /MODULE_NOT_FOUND$/.test(String(code)) && String(message).includes('@platformatic/kafka')
    throw isMissing ? kafkaClientMissing(error) : error
  })
}
