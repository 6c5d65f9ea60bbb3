import { describe } from '../text/describe.js'
import { DStreamError } from './base.js'

export function unknownOption(where: string, name: string, nearest: string | undefined, known: readonly string[]) {
  const cure = nearest === undefined ? listed(known) : `did you mean "${nearest}"?`
  return new DStreamError('unknown-option', `${where}: there is no option ${describe(name)}; ${cure}`)
}

export function unknownEvent(where: string, event: unknown, nearest: string | undefined, known: readonly string[]) {
  const cure = nearest === undefined ? listed(known) : `did you mean "${nearest}"?`
  return new DStreamError('unknown-event', `${where}: there is no event ${describe(event)}; ${cure}`)
}

export function notOptions(where: string, value: unknown, known: readonly string[]): DStreamError {
  const first = known[0]
  const form = first === undefined ? '{}' : `{ ${first}: … }`
  return new DStreamError('not-options', `${where}: options are an object like ${form}, not ${describe(value)}`)
}

export function badOption(where: string, name: string, wanted: string, value: unknown): DStreamError {
  return new DStreamError('bad-option', `${where}: ${name} must be ${wanted}, not ${describe(value)}`)
}

export function optionsBesideSpec(given: unknown): DStreamError {
  return new DStreamError(
    'options-beside-spec',
    `mapWithState: a StateSpec holds the options itself, and ${describe(given)} is given beside it; ` +
      'set it on the spec, as in StateSpec.function(f).timeout(Minutes(5))',
  )
}

function listed(known: readonly string[]): string {
  return known.length === 0 ? 'it takes none' : `it knows ${known.join(', ')}`
}

export function sparseRecords(where: string, index: number, length: number): DStreamError {
  return new DStreamError(
    'bad-option',
    `${where}: records is an array of ${length.toLocaleString('en')} places with no record at place ${index}. Pass the records only, Object.values(records)`,
  )
}
