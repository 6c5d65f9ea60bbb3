import { describe } from '../text/describe.js'
import { DStreamError } from './base.js'

export function notADuration(where: string, value: unknown): DStreamError {
  const cure = typeof value === 'number' ? `use Seconds(${value}) or Milliseconds(${value})` : 'use Seconds(30)'
  return new DStreamError('not-a-duration', `${where}: ${describe(value)} is not a Duration; ${cure}`)
}

export function notATime(where: string, value: unknown): DStreamError {
  return new DStreamError(
    'not-a-time',
    `${where}: ${describe(value)} is not a Time; give a Time or whole milliseconds since the epoch`,
  )
}

export function notWholeMilliseconds(what: string, value: unknown): DStreamError {
  return new DStreamError(
    'bad-milliseconds',
    `${what} takes a whole number of milliseconds, not ${describe(value)}; round it first`,
  )
}

export function durationNotPositive(where: string, milliseconds: number): DStreamError {
  return new DStreamError(
    'duration-not-positive',
    `${where}: ${milliseconds} ms is not a positive duration; give one of at least Milliseconds(1)`,
  )
}

export function notANumberOfTimes(value: unknown): DStreamError {
  return new DStreamError('bad-milliseconds', `Duration.times takes a number, not ${describe(value)}`)
}
