import { parse } from 'acorn'
import { RDDContext } from 'dstream'
import { describe, expect, test } from 'vitest'
import { accumulatorNames } from './accumulator-names.js'
import { writesOutside } from './outside-writes.js'

type Steps = ((n: any) => unknown)[]
const steps: Steps = []
const sc = new RDDContext()
const other = new Set<number>()

/** Whether the last step of a definition changes what only its thread has. */
function writes(define: () => void): boolean {
  steps.length = 0
  define()
  const f = steps.at(-1)!
  return writesOutside(f, parse, accumulatorNames(define, parse)(f))
}

describe('an addition to an accumulator of the definition changes nothing of the thread', () => {
  test.each<[string, () => void]>([
    ['a sum', () => {
        const bad = sc.longAccumulator('bad')
        steps.push((n) => bad.add(n))
      }], // prettier-ignore
    ['several, in a longer function', function define() {
        const bad = sc.doubleAccumulator(),
          all = sc.collectionAccumulator()
        steps.push((n) => {
          const own: number[] = []
          own.push(n)
          bad.add(n)
          all.add(own)
          return n
        })
      }], // prettier-ignore
  ])('%s', (_, define) => expect(writes(define)).toBe(false))
})

describe('what may be something else stays a change', () => {
  test.each<[string, () => void]>([
    ['a Set', () => {
        const bad = new Set<number>()
        steps.push((n) => bad.add(n))
      }], // prettier-ignore
    ['a name that is declared twice', () => {
        const bad = sc.longAccumulator()
        steps.push((n) => bad.add(n))
        {
          const bad = new Set<number>()
          steps.push((n) => bad.add(n))
        }
      }], // prettier-ignore
    ['a variable that may be given another value', () => {
        let bad: { add(n: number): unknown } = sc.longAccumulator()
        steps.push((n) => bad.add(n))
        bad = other
      }], // prettier-ignore
    ['another method', () => {
        const bad = sc.longAccumulator()
        steps.push(() => bad.reset())
      }], // prettier-ignore
    ['another change beside it', () => {
        const bad = sc.longAccumulator()
        steps.push((n) => (bad.add(n), other.add(n)))
      }], // prettier-ignore
    ['a property', () => {
        const bad = { of: sc.longAccumulator() }
        steps.push((n) => bad.of.add(n))
      }], // prettier-ignore
    ['a function from elsewhere', () => {
        const bad = sc.longAccumulator()
        bad.add(1)
        steps.push(elsewhere)
      }], // prettier-ignore
  ])('%s', (_, define) => expect(writes(define)).toBe(true))
})

const bad = other
function elsewhere(n: number): unknown {
  return bad.add(n)
}
