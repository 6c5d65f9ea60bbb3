import { isInteger } from '../../../base/keys/integer.js'
import { keyOf } from '../../../base/keys/key.js'
import { countersOf, functionNames, loopSource, type Shape } from './source.js'
import { PairColumns } from '../pair-columns.js'
import type { AnyFunction } from '../../plan/lineage.js'
import { mapOf, oneOfEach } from '../loop-sink.js'

/** Where a loop stands between two slices: its place in the input, in open flatMaps, and its counts `n0`, `n1` … */
export interface LoopState {
  i: number
  left: number
  /** The iterator has ended. */
  done: boolean
  /** What the outermost open flatMap gave. */
  xs1?: readonly unknown[] | undefined
  [name: string]: unknown
}

export interface CompiledLoop {
  state(): LoopState
  loop(...parameters: unknown[]): void
  /** Holds its functions, and does not take them as parameters. */
  readonly bound: boolean
  /** How often it has been called. */
  runs: number
  readonly counters: readonly (readonly [taken: number, given: number])[]
  /**
   * One of each kind of object that the loop looks into. V8 forgets a hidden class, and the code made for it, when a
   * collection of garbage finds no object of it: between two batches there would be none, and the loop would start slow.
   */
  readonly keepsAlive: readonly unknown[]
}

/** How many loops, uses of functions, and texts of functions are remembered. */
const CAPACITY = 512
/** The same functions have come so often that they will come again. */
const USES_TO_BIND = 8

let made = 0
const byText = new Map<string, CompiledLoop>()
const byFunctions = new Map<string, CompiledLoop | number>()
const idOfText = new Map<string, number>()
let idsOf = new WeakMap<AnyFunction, { readonly text: number; readonly self: number }>()

/**
 * The loop for a shape and these functions. V8 learns types and call targets per source text, so each chain must have a
 * text of its own: two chains that share one run ten times slower. A chain is known by the texts of its functions, since
 * lambdas made anew in every batch are other objects with the same text; they are parameters of the loop. Functions
 * that stay the same from batch to batch get a loop that holds them as constants: no call asks any more who is called.
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
  const given = { isArray: Array.isArray, isInteger, keyOf, mapOf }
  const make = new Function(...Object.keys(given), ...(bound ? functionNames(shape) : []), text)
  const { state, loop } = make(...Object.values(given), ...(bind ?? [])) as CompiledLoop
  return {
    state,
    loop,
    bound,
    runs: 0,
    counters: countersOf(shape),
    keepsAlive: [state(), new PairColumns([], []), oneOfEach],
  }
}

/** Puts an entry in last; the first is the one that has been unused for the longest. */
function putLast<T>(entries: Map<string, T>, key: string, value: T): void {
  entries.delete(key)
  entries.set(key, value)
  if (entries.size > CAPACITY) entries.delete(entries.keys().next().value!)
}

/** A number for the text of a function, the same for the same text, and one for the function itself. */
function idsOfFunction(f: AnyFunction): { readonly text: number; readonly self: number } {
  const known = idsOf.get(f)
  if (known !== undefined) return known
  const source = Function.prototype.toString.call(f)
  let text = idOfText.get(source)
  if (text === undefined) {
    // Ids are never given twice, so all that forgetting costs is a compilation.
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
