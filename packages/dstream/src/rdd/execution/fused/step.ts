import type { StepOp } from '../../plan/lineage.js'

/** Assigns the result of step `s` on the record `r`, and refuses a promise. */
export function applyStep(op: StepOp, s: number, r: string, result: string): string {
  const refuse = (value: string, test: string) => `if (${test}) h.promise(${s}, ${value})`
  switch (op) {
    case 'keys':
      return `${result} = ${r}[0]`
    case 'values':
      return `${result} = ${r}[1]`
    case 'filter':
    case 'tap':
      return `${result} = f${s}(${r})\n${refuse(result, isPromise(result))}`
    case 'mapValues': {
      const value = `${result}v`
      return `${value} = f${s}(${r}[1]), ${result} = [${r}[0], ${value}]\n${refuse(value, hasPromise(value))}`
    }
    default:
      return `${result} = f${s}(${r})\n${refuse(result, hasPromise(result))}`
  }
}

/**
 * Returns whether a record is a promise or a pair with one, as an expression. A pair of numbers and strings costs no call, so
 * that V8 need not allocate the pair where only its halves are read.
 */
export function hasPromise(r: string): string {
  return `${isObject(r)} && (isArray(${r})
    ? ${r}.length === 2 && (${isPromise(`${r}[0]`)} || ${isPromise(`${r}[1]`)})
    : typeof ${r}.then === 'function')`
}

/** Returns whether a result is a promise, as an expression. A number or a string costs a test of its type. */
export function isPromise(result: string): string {
  return `${isObject(result)} && typeof ${result}.then === 'function'`
}

export function isObject(value: string): string {
  return `typeof ${value} === 'object' && ${value} !== null`
}
