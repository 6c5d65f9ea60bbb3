import { badOption } from '../../base/errors/options.js'
import type { Storage } from '../../base/ports.js'

/** The directory or storage that a file sink writes to. */
export interface SinkLocation {
  /** The name in error messages. */
  readonly name: string
  readonly storage: Storage
}

/** Opens the directory or storage that a user names. @throws `bad-option` */
export function sinkLocation(where: string, place: unknown, open: (directory: string) => Storage): SinkLocation {
  if (typeof place === 'string' && place !== '') return { name: place, storage: open(place) }
  if (typeof place === 'object' && place !== null && 'append' in place) {
    return { name: 'the given storage', storage: place as Storage }
  }
  throw badOption(where, 'place', 'the path of a directory, or a Storage', place)
}
