import type { AnyFunction } from '../../../rdd/plan/lineage.js'
import { isNamed, isSyntax, parsed, placesIn, type Parse, type Place, type Syntax } from './syntax.js'

/** The methods that change the array, Map or Set that they are called on; `add` is that of an accumulator too. */
const CHANGING = new Set(
  'push pop shift unshift splice sort reverse fill copyWithin set add delete clear append reset'.split(' '),
)
export const FUNCTIONS: ReadonlySet<string> = new Set([
  'FunctionDeclaration',
  'FunctionExpression',
  'ArrowFunctionExpression',
])
/** The text of a bound function, whose own text cannot be read. */
const BOUND = /^function\s*\(\)\s*\{\s*\[native code\]\s*\}$/

/**
 * Returns whether the text of a function shows that it changes what lies outside of it: a variable, a property of one, or an
 * array, Map or Set by a method. Each thread has variables of its own, so that such a function has to stay in one. Changes
 * through functions that it calls, and through other names of the same object, are not seen.
 *
 * @param accumulators the names of accumulators, whose additions in any thread come to the thread of the program
 */
export function writesOutside(f: AnyFunction, parse: Parse, accumulators: ReadonlySet<string> = new Set()): boolean {
  const text = Function.prototype.toString.call(f)
  if (text.includes('[native code]')) return BOUND.test(text)
  const syntax = parsed(text, parse, true)
  if (syntax === undefined) return true
  const places = placesIn([syntax], { node: syntax, outer: undefined })
  const names = new Set(declaredNames(places))
  const isAddition = ({ type, callee }: Syntax): boolean => {
    const { object, property } = (callee ?? {}) as Partial<Record<'object' | 'property', Syntax>>
    return type === 'CallExpression' && isNamed(property, 'add') && isNamed(object, ...accumulators)
  }
  return places.some(({ node }) => !isAddition(node) && targetsOf(node).some((target) => isOutside(target, names)))
}

/** Returns all names that are declared anywhere in a function, each as often as it is. */
export function declaredNames(places: readonly Place[]): readonly unknown[] {
  const names: unknown[] = []
  const declare = (pattern: unknown): void => {
    for (const part of partsOf(pattern)) if (part.type === 'Identifier') names.push(part['name'])
  }
  for (const { node } of places) {
    if (FUNCTIONS.has(node.type)) (node['params'] as Syntax[]).forEach(declare)
    if (node.type === 'VariableDeclarator' || FUNCTIONS.has(node.type) || node.type.startsWith('Class')) {
      declare(node['id'])
    }
    if (node.type === 'CatchClause') declare(node['param'])
  }
  return names
}

/** Returns the parts of a pattern that are assigned to: names, and properties. */
export function partsOf(pattern: unknown): Syntax[] {
  if (!isSyntax(pattern)) return []
  switch (pattern.type) {
    case 'ObjectPattern':
      return (pattern['properties'] as Syntax[]).flatMap((property) => partsOf(property['value'] ?? property))
    case 'ArrayPattern':
      return (pattern['elements'] as unknown[]).flatMap(partsOf)
    case 'AssignmentPattern':
      return partsOf(pattern['left'])
    case 'RestElement':
      return partsOf(pattern['argument'])
    default:
      return [pattern]
  }
}

/** Returns the names and properties that a node changes. */
export function targetsOf(node: Syntax): Syntax[] {
  switch (node.type) {
    case 'AssignmentExpression':
      return partsOf(node['left'])
    case 'ForInStatement':
    case 'ForOfStatement':
      return (node['left'] as Syntax).type === 'VariableDeclaration' ? [] : partsOf(node['left'])
    case 'UpdateExpression':
      return [node['argument'] as Syntax]
    case 'UnaryExpression':
      return node['operator'] === 'delete' ? [node['argument'] as Syntax] : []
    case 'CallExpression':
      return changedByCall(node['callee'] as Syntax)
    default:
      return []
  }
}

/** Returns the object of a call that changes it, where that is a variable or a property of one. */
function changedByCall(callee: Syntax): Syntax[] {
  if (callee.type !== 'MemberExpression' || callee['computed'] === true) return []
  if (!CHANGING.has((callee['property'] as { readonly name?: string }).name ?? '')) return []
  const root = rootOf(callee['object'] as Syntax)
  return root.type === 'Identifier' || root.type === 'ThisExpression' ? [root] : []
}

export function rootOf(target: Syntax): Syntax {
  let root = target
  while (root.type === 'MemberExpression' || root.type === 'ChainExpression') {
    root = (root['object'] ?? root['expression']) as Syntax
  }
  return root
}

/** Whether a target is no variable of the function, and no property of one. */
function isOutside(target: Syntax, names: ReadonlySet<unknown>): boolean {
  const root = rootOf(target)
  return root.type !== 'Identifier' || !names.has(root['name'])
}
