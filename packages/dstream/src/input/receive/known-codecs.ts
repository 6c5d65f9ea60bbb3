import type { Codec } from '../../base/codec.js'

const known = new Map<string, Codec<unknown>>()

/**
 * Returns the codec that a receiver of this process has used under an id. A context that recovers in the same process
 * finds its codecs here.
 */
export function knownCodec(id: string): Codec<unknown> | undefined {
  return known.get(id)
}

export function rememberCodec(codec: Codec<unknown>): void {
  return void known.set(codec.id, codec)
}
