import { DStreamError } from './base.js'

export function versionUnknown(operator: string, from: number, to: number): DStreamError {
  return new DStreamError(
    'state-version-unknown',
    `${operator}: the checkpoint holds states of version ${from} and the program keeps version ${to}; give migrate: (old, from) => … ` +
      'to read the older ones. Nothing has been changed.',
  )
}
