import { describe, expect, test } from 'vitest'
import {
  aBoolean,
  aFunction,
  aString,
  checkOptions,
  nonNegativeInteger,
  positiveInteger,
  positiveNumber,
} from '../base/options.js'

function code(value: string) {
  return expect.objectContaining({ code: value })
}
const known = ['numPartitions', 'partitioner', 'initialState']

describe('checkOptions', () => {
  test.each([undefined, {}, { numPartitions: 3 }, { partitioner: undefined, initialState: [] }])('%j is fine', (o) => {
    expect(() => checkOptions('join', o, known)).not.toThrow()
  })

  test.each([
    ['numPartition', 'did you mean "numPartitions"?'],
    ['numpartitions', 'did you mean "numPartitions"?'],
    ['partitoner', 'did you mean "partitioner"?'],
    ['initalState', 'did you mean "initialState"?'],
    ['colour', 'it knows numPartitions, partitioner, initialState'],
    ['', 'it knows'],
  ])('the unknown option "%s": %s', (name, cure) => {
    const check = () => checkOptions('join', { [name]: undefined }, known)
    expect(check).toThrow(code('unknown-option'))
    expect(check).toThrow('join: there is no option')
    expect(check).toThrow(JSON.stringify(name))
    expect(check).toThrow(cure)
  })

  test('an operator without options says so', () => {
    expect(() => checkOptions('stop', { x: 1 }, [])).toThrow('it takes none')
  })

  test.each([null, 5, 'x', true, [3], () => 1])('%s is no options object', (o) => {
    expect(() => checkOptions('join', o, known)).toThrow(code('not-options'))
    expect(() => checkOptions('join', o, known)).toThrow('{ numPartitions: … }')
  })

  test('a name cannot write on the terminal', () => {
    expect(() => checkOptions('join', { '\u001b[2J': 1 }, known)).toThrow('\\u001b[2J')
  })
})

describe('checks of one value give it back or refuse it', () => {
  const noop = () => undefined
  test.each([
    [positiveInteger, [1, 2 ** 53 - 1], [0, -1, 1.5, NaN, Infinity, '1', undefined, null, 1n]],
    [nonNegativeInteger, [0, 1], [-1, 0.5, NaN, '0', undefined]],
    [positiveNumber, [0.5, 1e300], [0, -1, NaN, Infinity, '1', undefined]],
    [aFunction, [noop], [undefined, null, 'f', {}]],
    [aBoolean, [true, false], [0, 1, 'true', undefined, null]],
    [aString, ['a', ' '], ['', 5, undefined, null]],
  ] as const)('%o', (check: (where: string, name: string, value: unknown) => unknown, good, bad) => {
    for (const value of good) expect(check('window', 'x', value)).toBe(value)
    for (const value of bad) {
      expect(() => check('window', 'x', value)).toThrow(code('bad-option'))
      expect(() => check('window', 'x', value)).toThrow('window: x must be ')
    }
  })
})
