import type { AnyFunction } from '../../../rdd/plan/lineage.js'
import { MAKERS } from './accumulator-names.js'
import type { RDDFunction } from '../operator.js'
import { GivenRDDs } from './given-rdds.js'
import { FUNCTIONS, rootOf, targetsOf } from './outside-writes.js'
import { Scopes, type Variable } from './scopes.js'
import {
  bodiesIn,
  cannotChange,
  isAddition,
  isBroadcast,
  isCallee,
  isImportCalled,
  isInRecord,
  isMade,
  isReadOnly,
  isSticky,
  isWithin,
  memberOf,
} from './body-syntax.js'
import { isNamed, parsedWithin, type Parse, type Place, type Syntax } from './syntax.js'

/** The steps and shuffles that call their functions as they are given. */
const STEPS = new Set(
  'map flatMap filter mapToPair flatMapToPair mapValues flatMapValues reduceByKey combineByKey'.split(' '),
)
/** The transformations whose functions are called in the thread of the program alone. */
const STAYING = new Set('sortBy mapPartitions mapPartitionsToPair mapPartitionsWithIndex tap'.split(' '))
/** Those that call their functions by another one, whose text does not show which it is. */
const WRAPPING = new Set(['keyBy', 'groupBy'])
/** The globals that give the same in every process; `__name` is esbuild's, and names a function. */
const PURE = new Set(
  (
    'undefined NaN Infinity Math Number String Boolean BigInt Array Object JSON Map Set Error RangeError TypeError ' +
    'parseInt parseFloat isNaN isFinite __name'
  ).split(' '),
)
/** Globals that functions for single records use as well, as those of other operators may. */
const GLOBALS = new Set(
  'Date RegExp Symbol Intl URL URLSearchParams TextEncoder TextDecoder Buffer Uint8Array console performance process crypto'.split(
    ' ',
  ),
)
/** The properties of pure globals that do not. */
const IMPURE: Readonly<Record<string, ReadonlySet<string>>> = {
  Math: new Set(['random']),
  Object: new Set(['assign', 'defineProperty', 'defineProperties', 'setPrototypeOf']),
}
/** The methods that give an iterator, which is used up by the first that reads it. */
const ITERATORS = new Set(['values', 'keys', 'entries', 'matchAll'])
const FORBIDDEN: Readonly<Record<string, string>> = {
  AwaitExpression: 'it waits',
  ThisExpression: 'it uses this',
  Super: 'it uses super',
  MetaProperty: 'it uses a property of its module or call',
  ImportExpression: 'it imports',
  WithStatement: 'it uses with',
  ClassDeclaration: 'it makes a class',
  ClassExpression: 'it makes a class',
}

/** What the text of a function that makes RDDs tells. */
export interface BodyText {
  /** Why it has to be called in the thread of the program alone; `undefined` where workers may call it too. */
  readonly reason: string | undefined
  /** The transformations between the RDDs that it is given and the one that it returns; `undefined` where that is not clear. */
  readonly methods: ReadonlySet<string> | undefined
}

/**
 * Reads the text of a function that makes RDDs. Workers may call it where the text proves that another call of it, in a process that
 * has defined the same job, makes the same functions with the same variables.
 *
 * Such a function reads what it is given, what it makes itself, and constants of the function that defines the job whose values
 * follow from its text. Within functions for single records it may also call what is declared elsewhere, as those of other operators may.
 *
 * @param definition the function that has defined the job, where it is known
 */
export function bodyText({ f, rdds }: RDDFunction, definition: AnyFunction | undefined, parse: Parse): BodyText {
  const text = Function.prototype.toString.call(f)
  const within = definition && parsedWithin(Function.prototype.toString.call(definition), parse, true)
  const found = within && bodiesIn(within, text)
  if (found !== undefined && found.bodies.length > 0) return textOf(found.scopes, found.bodies, rdds)
  const alone = parsedWithin(text, parse, true)
  if (alone === undefined) return { reason: 'its text cannot be read', methods: undefined }
  const scopes = new Scopes(alone.syntax)
  return textOf(scopes, [scopes.places[0]!], rdds)
}

/** @param bodies the functions that have the text; what holds for it holds for all of them */
function textOf(scopes: Scopes, bodies: readonly Place[], rdds: RDDFunction['rdds']): BodyText {
  const all = bodies.map((body) => ({ body, given: new GivenRDDs(scopes, body, rdds) }))
  const reasons = all.map(({ body, given }) => new Rules(scopes, body, given).reason())
  return { reason: reasons.find((found) => found !== undefined), methods: all[0]!.given.methods() }
}

/** A part of the program to which the rules apply. */
interface Region {
  readonly node: Syntax
  /** Whether it is called for single records only. */
  readonly isStep: boolean
}

/** The rules for one function, and for what it reads of the function that defines the job. */
class Rules {
  readonly #scopes: Scopes
  readonly #rdds: GivenRDDs
  readonly #regions: Region[]

  constructor(scopes: Scopes, body: Place, rdds: GivenRDDs) {
    this.#scopes = scopes
    this.#rdds = rdds
    this.#regions = [{ node: body.node, isStep: false }]
  }

  reason(): string | undefined {
    if (this.#rdds.reason !== undefined) return this.#rdds.reason
    // What is read of the definition joins the regions meanwhile.
    for (const { node, isStep } of this.#regions) {
      for (const place of this.#scopes.places) {
        const reason = isWithin(place.node, node) ? this.#against(place, isStep || this.#isInStep(place)) : undefined
        if (reason !== undefined) return reason
      }
    }
    return undefined
  }

  /** @param isInStep whether the place is reached for single records only */
  #against(place: Place, isInStep: boolean): string | undefined {
    const { node } = place
    if (FORBIDDEN[node.type] !== undefined) return FORBIDDEN[node.type]
    if (FUNCTIONS.has(node.type) && node['async'] === true) return 'it is or has an async function'
    if (targetsOf(node).some((target) => this.#isOutside(rootOf(target), place))) {
      return 'it changes a variable outside of the function that defines the job'
    }
    const againstArray = this.#rdds.againstArray(place)
    if (againstArray !== undefined) return againstArray
    if (node.type === 'Identifier') return this.#againstName(place, String(node['name']), isInStep)
    if (node.type === 'CallExpression') return this.#againstCall(place, isInStep)
    if (isInStep) return undefined
    if (node.type === 'Literal' && isSticky(node))
      return 'it has a regular expression that goes on behind its last match'
    return FUNCTIONS.has(node.type) && node['generator'] === true ? 'it has a generator' : undefined
  }

  #isOutside(root: Syntax, place: Place): boolean {
    return root.type !== 'Identifier' || this.#scopes.variable(String(root['name']), place) === undefined
  }

  #againstCall(place: Place, isInStep: boolean): string | undefined {
    const { node, outer } = place
    const callee = node['callee'] as Syntax
    if (callee['computed'] === true) return 'it calls a method by a computed name'
    if (callee.type !== 'MemberExpression') return undefined
    const { name = '' } = callee['property'] as { readonly name?: string }
    if (name === 'next') return 'it calls next of an iterator'
    if (isInStep) return undefined
    if (name === 'localeCompare' || name.startsWith('toLocale')) return `it calls ${name}, which differs by process`
    const object = callee['object'] as Syntax
    const isUsedUp = ITERATORS.has(name) && !isNamed(object, 'Object') && outer?.node.type !== 'SpreadElement'
    return isUsedUp && !this.#rdds.isRDD({ node: object, outer: place })
      ? `it keeps the iterator of ${name}`
      : undefined
  }

  #againstName(place: Place, name: string, isInStep: boolean): string | undefined {
    const variable = this.#scopes.variable(name, place)
    if (variable === undefined) return this.#againstGlobal(place, name, isInStep)
    if (this.#isOwn(variable)) return this.#againstOwn(place, variable)
    const { kind, init, writes } = variable
    const isFunction = init !== undefined && FUNCTIONS.has(init.type)
    const isGiven = this.#isGivenToStep(place)
    // The text of what is given is compared when it is given, and what it reads here where it is known.
    if (isGiven && !isFunction) return undefined
    if (isMade(variable, MAKERS)) return isAddition(place) ? undefined : `it reads the accumulator ${name}`
    if (writes.length > 0) return `it reads ${name}, which the job changes`
    if (isBroadcast(variable)) return undefined
    if (init === undefined || !['const', 'let', 'function'].includes(kind)) {
      return `it reads ${name}, whose value is not in the text of the job`
    }
    if (!cannotChange(init) && !variable.uses.every(isReadOnly)) {
      return `it reads ${name}, which may be changed by another name`
    }
    const isStep = isFunction && (isGiven || isInStep)
    if (!this.#regions.some((known) => known.node === init && (isStep || !known.isStep))) {
      this.#regions.push({ node: init, isStep })
    }
    return undefined
  }

  /** Finds what speaks against a variable that is declared where the rules apply. */
  #againstOwn(place: Place, variable: Variable): string | undefined {
    const { name, owner, writes, declaredAt, init } = variable
    const functionAt = (at: Place): Syntax => this.#scopes.functionAt(at)
    if (!this.#isInStep(declaredAt) && writes.some((write) => functionAt(write) !== owner)) {
      return `a function in it changes ${name}, which is outside of that function`
    }
    if (!this.#rdds.isCalledAtOnce(functionAt(place)) && this.#rdds.isRDD(place))
      return `a function in it uses the RDD ${name}`
    const mayChange = init !== undefined && !cannotChange(init) && !this.#isInStep(declaredAt)
    const isAlias = mayChange && this.#isInStep(place) && !isReadOnly(place) && !isInRecord(place)
    return isAlias
      ? `a function in it may change ${name}, which is outside of that function, by another name`
      : undefined
  }

  #againstGlobal(place: Place, name: string, isInStep: boolean): string | undefined {
    if (this.#isGivenToStep(place)) return undefined
    const { node, outer } = place
    const { type, object, property, computed } = (outer?.node ?? {}) as Syntax
    const isCalled = isCallee(node, outer?.node) || isImportCalled(place)
    // As for the functions of other operators, it is the same program everywhere.
    if (isInStep && (isCalled || PURE.has(name) || GLOBALS.has(name))) return undefined
    if (!PURE.has(name)) return `it reads ${name}, which is declared outside of the function that defines the job`
    if (IMPURE[name] === undefined) return undefined
    const isMember = type === 'MemberExpression' && object === node && computed === false
    const member = isMember ? String((property as Syntax)['name']) : undefined
    if (member !== undefined && !IMPURE[name].has(member)) return undefined
    return `it uses ${member === undefined ? name : `${name}.${member}`}, which need not be the same in each process`
  }

  /** Whether a variable is declared within the rules. */
  #isOwn({ declaredAt, kind }: Variable): boolean {
    const node = declaredAt.node
    // The name of a function belongs to what is around it, its parameters to itself.
    return this.#regions.some((region) => isWithin(node, region.node) && (kind !== 'function' || node !== region.node))
  }

  /**
   * Whether a place is the argument of a step of an RDD, as a name, a property or a function: the texts of such functions are compared
   * when they are given.
   */
  #isGivenToStep(place: Place): boolean {
    const { node, outer } = memberOf(place)
    if (outer?.node.type !== 'CallExpression' || !(outer.node['arguments'] as unknown[]).includes(node)) return false
    const callee = outer.node['callee'] as Syntax
    if (callee.type !== 'MemberExpression' || callee['computed'] === true) return false
    const { name } = callee['property'] as { readonly name?: string }
    const isCalledByOne = name !== undefined && (STEPS.has(name) || STAYING.has(name))
    const isWritten = FUNCTIONS.has(node.type) && WRAPPING.has(name ?? '')
    return (isCalledByOne || isWritten) && this.#rdds.isRDD({ node: callee['object'] as Syntax, outer })
  }

  /** Whether a place lies in a function that is written as an argument of a step of an RDD. */
  #isInStep(place: Place): boolean {
    for (let at: Place | undefined = place; at !== undefined; at = at.outer) {
      if (FUNCTIONS.has(at.node.type) && this.#isGivenToStep(at)) return true
    }
    return false
  }
}
