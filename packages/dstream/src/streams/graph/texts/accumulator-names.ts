import type { AnyFunction } from '../../../rdd/plan/lineage.js'
import { isSyntax, parsed, placesIn, type Parse, type Syntax } from './syntax.js'
import { declaredNames } from './outside-writes.js'

export const MAKERS: ReadonlySet<string> = new Set(['longAccumulator', 'doubleAccumulator', 'collectionAccumulator'])

/**
 * Returns for each function the names that can only be accumulators there: constants at the top of the function that defines the
 * job, such as `const bad = ssc.sc.longAccumulator('bad')`, whose name nothing else in it has. They are known for functions that
 * are written within that function. `add` of anything else may be that of a Set, which a worker would have a copy of.
 */
export function accumulatorNames(
  definition: AnyFunction | undefined,
  parse: Parse,
): (f: AnyFunction) => ReadonlySet<string> {
  const none: ReadonlySet<string> = new Set()
  if (definition === undefined) return () => none
  const text = Function.prototype.toString.call(definition)
  const names = namesIn(text, parse)
  return (f) => (names.size > 0 && text.includes(Function.prototype.toString.call(f)) ? names : none)
}

function namesIn(text: string, parse: Parse): ReadonlySet<string> {
  const syntax = parsed(text, parse, true)
  const body = (syntax?.['body'] as Syntax | undefined)?.['body']
  if (syntax === undefined || !Array.isArray(body)) return new Set()
  const made = (body as Syntax[]).filter(({ type, kind }) => type === 'VariableDeclaration' && kind === 'const')
  const names = made.flatMap((declaration) => (declaration['declarations'] as Syntax[]).flatMap(accumulatorOf))
  const declared = declaredNames(placesIn([syntax], { node: syntax, outer: undefined }))
  return new Set(names.filter((name) => declared.filter((other) => other === name).length === 1))
}

function accumulatorOf({ id, init }: Syntax): string[] {
  if (!isSyntax(id) || id.type !== 'Identifier' || !isSyntax(init) || init.type !== 'CallExpression') return []
  const callee = init['callee'] as Syntax
  if (callee.type !== 'MemberExpression' || callee['computed'] === true) return []
  return MAKERS.has((callee['property'] as { readonly name?: string }).name ?? '') ? [String(id['name'])] : []
}
