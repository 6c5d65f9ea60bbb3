import { expect, test } from 'vitest'
import { CopyNames } from './copy-names.js'

test('a copy counts for the version that was committed with it', () => {
  const names = new CopyNames()
  names.begin(undefined)
  expect(names.of(0)).toBeUndefined()
  names.set(0, 'first', 1000)
  expect(names.of(0)).toBeUndefined()
  names.begin(1000)
  expect([names.of(0), names.of(1)]).toEqual(['first', undefined])
})

test('a partition that a version does not change keeps its copy', () => {
  const names = new CopyNames()
  names.begin(undefined)
  names.set(0, 'first', 1000)
  names.begin(1000)
  names.keep(0, 2000)
  names.keep(1, 2000)
  names.begin(2000)
  expect([names.of(0), names.of(1)]).toEqual(['first', undefined])
})

test('a partition that was updated without a worker has no copy', () => {
  const names = new CopyNames()
  names.begin(undefined)
  names.set(0, 'first', 1000)
  names.begin(1000)
  names.begin(2000)
  expect(names.of(0)).toBeUndefined()
})

test('the copy of an attempt that was rolled back does not count, also where the next attempt makes none', () => {
  const names = new CopyNames()
  names.begin(undefined)
  names.set(0, 'first', 1000)
  names.begin(1000)
  names.set(0, 'rolled back', 2000)
  names.begin(1000)
  expect(names.of(0)).toBe('first')
  // This attempt is done here.
  names.begin(2000)
  expect(names.of(0)).toBeUndefined()
})
