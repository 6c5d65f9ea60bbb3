import type { Codec } from '../../base/codec.js'

const known = new Map<string, Codec<unknown>>()

/** Codecs that receivers of this process have used, by id: a context that recovers in the same process finds them here. */
export function knownCodec(id: string): Codec<unknown> | undefined {
  return known.get(id)
}

export function rememberCodec(codec: Codec<unknown>): void {
  return void known.set(codec.id, codec)
}
