import { badOption } from '../../base/errors/options.js'
import type { Storage } from '../../base/ports.js'

/** Where the files of a sink are. */
export interface SinkHome {
  /** For error messages. */
  readonly name: string
  readonly storage: Storage
}

/** @throws `bad-option` */
export function homeOf(where: string, place: unknown, open: (directory: string) => Storage): SinkHome {
  if (typeof place === 'string' && place !== '') return { name: place, storage: open(place) }
  if (typeof place === 'object' && place !== null && 'append' in place) {
    return { name: 'the given storage', storage: place as Storage }
  }
  throw badOption(where, 'place', 'the path of a directory, or a Storage', place)
}
