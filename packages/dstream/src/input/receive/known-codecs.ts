import type { Codec } from '../../base/codec.js'

const known = new Map<string, Codec<unknown>>()

/** Codecs that receivers of this process have used, by id: a context that recovers in the same process finds them here. */
export const knownCodec = (id: string): Codec<unknown> | undefined => known.get(id)

export const rememberCodec = (codec: Codec<unknown>): void => void known.set(codec.id, codec)
