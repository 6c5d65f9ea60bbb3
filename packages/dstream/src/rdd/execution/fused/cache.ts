import { isInteger } from '../../../base/keys/integer.js'
import { keyOf } from '../../../base/keys/key.js'
import { counterIndexes, functionNames, loopSource, type Shape } from './source.js'
import { PairColumns } from '../pair-columns.js'
import { ObjectCopies } from '../object-copies.js'
import { PairCopies } from '../pair-copies.js'
import type { AnyFunction } from '../../plan/lineage.js'
import { pairMapOf, oneOfEach } from '../loop-sink.js'

/** The state of a loop between two slices: its position in the input and in open flatMaps, and its counts `n0`, `n1` … */
export interface LoopState {
  i: number
  left: number
  /** The iterator has ended. */
  done: boolean
  /** The result of the outermost open flatMap. */
  xs1?: readonly unknown[] | undefined
  [name: string]: unknown
}

export interface CompiledLoop {
  state(): LoopState
  /**
   * Makes the array that the loop fills. V8 learns per array literal which elements its arrays will hold, so that a loop with
   * its own literal stores numbers as they are.
   */
  fresh?(): unknown[]
  loop(...parameters: unknown[]): void
  /** True when it holds its functions, rather than taking them as parameters. */
  readonly bound: boolean
  /** The number of its calls so far. */
  runs: number
  readonly counters: readonly (readonly [taken: number, given: number])[]
  /**
   * One of each kind of object that the loop reads. V8 drops a hidden class, and the code optimised for it, when a garbage
   * collection finds no object of it. Between two batches there would be none, and the loop would start slow again.
   */
  readonly keepsAlive: readonly unknown[]
}

/** The most loops, counts of uses, and texts of functions that are cached. */
const CAPACITY = 512
/** The number of uses from which on functions are expected in every batch, and bound to a loop. */
const USES_TO_BIND = 8

let made = 0
const byText = new Map<string, CompiledLoop>()
const byFunctions = new Map<string, CompiledLoop | number>()
const idOfText = new Map<string, number>()
let idsOf = new WeakMap<AnyFunction, { readonly text: number; readonly self: number }>()

/**
 * Returns the loop for a shape and these functions. V8 learns types and call targets per source text, so each chain needs a
 * text of its own: two chains that share one run ten times slower. A chain is identified by the texts of its functions,
 * since lambdas made in every batch are new objects with the same text; they are parameters of the loop. Functions that
 * stay the same from batch to batch get a loop that holds them as constants, so that no call looks up its target.
 */
export function compiledLoop(shape: Shape, functions: readonly AnyFunction[]): CompiledLoop {
  const ids = functions.map(idsOfFunction)
  const name = `${shape.input} ${shape.ops.join()} ${shape.sink} ${shape.safe} `
  const functionsKey = name + ids.map((id) => id.self).join()
  let bound = byFunctions.get(functionsKey) ?? 0
  if (typeof bound === 'number') bound = ++bound < USES_TO_BIND ? bound : compile(shape, functions)
  putLast(byFunctions, functionsKey, bound)
  if (typeof bound === 'object') return bound
  const textKey = name + ids.map((id) => id.text).join()
  const loop = byText.get(textKey) ?? compile(shape, undefined)
  putLast(byText, textKey, loop)
  return loop
}

function compile(shape: Shape, bind: readonly AnyFunction[] | undefined): CompiledLoop {
  const bound = bind !== undefined
  const text = `'use strict' // ${++made}\nreturn {${loopSource(shape, bound)}}`
  const given = { isArray: Array.isArray, isInteger, keyOf, mapOf: pairMapOf }
  const make = new Function(...Object.keys(given), ...(bound ? functionNames(shape) : []), text)
  const { state, fresh, loop } = make(...Object.values(given), ...(bind ?? [])) as CompiledLoop
  return {
    state,
    ...(fresh && { fresh }),
    loop,
    bound,
    runs: 0,
    counters: counterIndexes(shape),
    keepsAlive: [state(), new PairColumns([], []), new PairCopies([]), new ObjectCopies([]), oneOfEach],
  }
}

/** Puts an entry last in a cache whose first entry is the least recently used, and drops that one when it is full. */
function putLast<T>(entries: Map<string, T>, key: string, value: T): void {
  entries.delete(key)
  entries.set(key, value)
  if (entries.size > CAPACITY) entries.delete(entries.keys().next().value!)
}

/** Returns an id for the text of a function, the same for the same text, and one for the function itself. */
function idsOfFunction(f: AnyFunction): { readonly text: number; readonly self: number } {
  const known = idsOf.get(f)
  if (known !== undefined) return known
  const source = Function.prototype.toString.call(f)
  let text = idOfText.get(source)
  if (text === undefined) {
    // Ids are never reused, so clearing the caches costs a compilation and nothing else.
    if (idOfText.size >= CAPACITY) {
      idOfText.clear()
      idsOf = new WeakMap()
    }
    text = ++made
    idOfText.set(source, text)
  }
  const ids = { text, self: ++made }
  idsOf.set(f, ids)
  return ids
}
