import { detachKey } from '../keys/detach.js'
import { keyOf } from '../keys/key.js'
import { countersOf, loopSource, type Shape } from './fused-source.js'
import type { AnyFunction } from './plan.js'

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
  readonly counters: readonly (readonly [taken: number, given: number])[]
}

/** How many loops, and texts of functions, are remembered. */
const capacity = 512

let made = 0
const loops = new Map<string, CompiledLoop>()
const idOfText = new Map<string, number>()
let idOfFunction = new WeakMap<AnyFunction, number>()

/**
 * The loop for a shape and these functions. V8 learns types and call targets per source text, so each chain must have a
 * text of its own: two chains that share one run ten times slower. A chain is known by the texts of its functions, since
 * lambdas made anew in every batch are other objects with the same text.
 */
export function compiledLoop(shape: Shape, functions: readonly AnyFunction[]): CompiledLoop {
  const { input, ops, sink, safe } = shape
  const key = `${input} ${ops.join()} ${sink} ${safe} ${functions.map(textId).join()}`
  let loop = loops.get(key)
  if (loop === undefined) loop = compile(shape)
  else loops.delete(key)
  // Put in last: the first of the Map is the one that has been unused for the longest.
  loops.set(key, loop)
  if (loops.size > capacity) loops.delete(loops.keys().next().value!)
  return loop
}

function compile(shape: Shape): CompiledLoop {
  const make = new Function('keyOf', 'detachKey', 'isArray', `'use strict' // ${++made}\nreturn {${loopSource(shape)}}`)
  const { state, loop } = make(keyOf, detachKey, Array.isArray) as CompiledLoop
  return { state, loop, counters: countersOf(shape) }
}

/** A number for the text of a function, the same for the same text. */
function textId(f: AnyFunction): number {
  const known = idOfFunction.get(f)
  if (known !== undefined) return known
  const text = Function.prototype.toString.call(f)
  let id = idOfText.get(text)
  if (id === undefined) {
    if (idOfText.size >= capacity) forgetTexts()
    id = ++made
    idOfText.set(text, id)
  }
  idOfFunction.set(f, id)
  return id
}

/** Ids are never given twice, so that all that forgetting costs is a compilation. */
function forgetTexts(): void {
  idOfText.clear()
  idOfFunction = new WeakMap()
}

let allowed: boolean | undefined

/** Whether this host lets code be made from text (`--disallow-code-generation-from-strings`, a content security policy). */
export function codeMayBeGenerated(): boolean {
  if (allowed !== undefined) return allowed
  try {
    new Function('')
    allowed = true
  } catch {
    allowed = false
  }
  return allowed
}
