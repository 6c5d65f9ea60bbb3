import type { Graph } from '../graph.js'
import type { Operator, RDDFunction } from '../operator.js'
import type { OutputNode } from '../output.js'
import { isIndex, namesOfPattern } from './body-syntax.js'
import { isNamed, isSyntax, parsed, placesIn, type Parse, type Place, type Syntax } from './syntax.js'

/** The transformations that evaluate an RDD at most once. */
export const TRANSFORMATIONS: ReadonlySet<string> = new Set(
  (
    'map flatMap filter mapToPair flatMapToPair tap mapValues flatMapValues keyBy mapPartitions mapPartitionsToPair ' +
    'mapPartitionsWithIndex mapAsync glom repartition coalesce zipWithIndex zipWithUniqueId distinct groupBy sample sortBy ' +
    'keys values sortByKey reduceByKey groupByKey combineByKey foldByKey aggregateByKey partitionBy filterByRange ' +
    'sampleByKey repartitionAndSortWithinPartitions'
  ).split(' '),
)
/** The transformations that evaluate both of two RDDs at most once. */
export const OF_TWO: ReadonlySet<string> = new Set(
  'union intersection subtract zip cogroup join leftOuterJoin rightOuterJoin fullOuterJoin subtractByKey'.split(' '),
)
/** The actions that evaluate an RDD at most once. */
const ACTIONS = new Set(
  (
    'collect count isEmpty first take reduce takeOrdered top max min fold aggregate takeSample countByValue countByKey ' +
    'collectAsMap lookup sum stats foreachAsync foreachPartition foreach saveAsTextFile saveAsObjectFile ' +
    'reduceByKeyLocally treeReduce treeAggregate'
  ).split(' '),
)
/** The properties that say something about an RDD without evaluating it. */
const FACTS = new Set(['id', 'numPartitions', 'getNumPartitions', 'partitioner', 'context'])

const LOOPS = new Set(['ForStatement', 'ForInStatement', 'ForOfStatement', 'WhileStatement', 'DoWhileStatement'])
const FUNCTIONS = new Set([
  'FunctionDeclaration',
  'FunctionExpression',
  'ArrowFunctionExpression',
  'ClassDeclaration',
  'ClassExpression',
])

/**
 * Returns the outputs and operators whose functions evaluate each RDD that they are given at most once, as far as their text
 * proves it. Their RDDs need not be cached for a second action.
 */
export async function singleUses(graph: Graph): Promise<ReadonlySet<Operator | OutputNode>> {
  const readers = [...graph.nodes.map(({ operator }) => operator), ...graph.outputs]
  const withFunction = readers.filter(({ rddFunction }) => rddFunction !== undefined)
  if (withFunction.length === 0) return new Set()
  // The parser is loaded here, since a plain import of the library must not wait for it.
  const { parse } = await import('acorn')
  return new Set(withFunction.filter(({ rddFunction }) => usesOnce(rddFunction!, parse)))
}

/**
 * Returns whether the text of a function proves that it evaluates each of its RDDs at most once: the only use of a parameter
 * is the receiver of one chain of calls, outside of loops and inner functions. A constant may name what the chain gives, and is used
 * in the same way. Anything else may evaluate it twice.
 */
export function usesOnce({ f, rdds, returnsRDD = false }: RDDFunction, parse: Parse): boolean {
  const syntax = parsed(Function.prototype.toString.call(f), parse)
  return syntax !== undefined && usesEachOnce(syntax, rdds, returnsRDD)
}

function usesEachOnce(syntax: Syntax, rdds: RDDFunction['rdds'], returnsRDD: boolean): boolean {
  const params = syntax['params'] as Syntax[]
  const inside = placesIn([...params, syntax['body'] as Syntax], { node: syntax, outer: undefined })
  if (inside.some(({ node }) => node.type === 'WithStatement' || isNamed(node, 'eval', 'arguments'))) return false
  const given = usesOf(rdds, params, inside)
  if (given === undefined) return false
  const uses = withConstants(given, inside)
  const isRDD = (node: unknown): boolean => uses.some((of) => of.some((use) => use.node === node))
  return uses.every((of) => {
    const [first, ...others] = of.filter((use) => !isFact(use))
    if (first === undefined) return true
    return others.length === 0 && isOutsideOfLoops(first) && isChain(first, isRDD, returnsRDD)
  })
}

/** Adds the uses of the constants that name what is made of the RDDs. */
function withConstants(given: readonly Place[][], inside: readonly Place[]): readonly Place[][] {
  const all = [...given]
  const known = new Set<Syntax>()
  for (const uses of all) {
    for (const use of uses) {
      const declarator = constantAt(endOfChain(use))
      if (declarator === undefined || known.has(declarator)) continue
      known.add(declarator)
      const id = declarator['id'] as Syntax
      all.push(inside.filter(({ node }) => node !== id && isNamed(node, id['name'])))
    }
  }
  return all
}

/** Returns the last of the calls that make RDDs of an RDD, one of the other. */
function endOfChain(place: Place): Place {
  const { node, outer } = place
  const call = outer?.outer
  if (isMember(outer, node) && call?.node['callee'] === outer!.node && isStep(nameOf(outer!.node['property']))) {
    return endOfChain(call)
  }
  const { type, callee, arguments: args } = (outer?.node ?? {}) as Syntax
  const isOther = type === 'CallExpression' && (args as unknown[])[0] === node
  return isOther && isNamed((callee as Syntax)['property'], ...OF_TWO) ? endOfChain(outer!) : place
}

/** Returns the declaration of a constant that an RDD is the value of. */
function constantAt({ node, outer }: Place): Syntax | undefined {
  const { type, id, init } = (outer?.node ?? {}) as Syntax
  const isNamedHere = type === 'VariableDeclarator' && init === node && isSyntax(id) && id.type === 'Identifier'
  return isNamedHere && outer!.outer?.node['kind'] === 'const' ? outer!.node : undefined
}

/** Returns the uses of each RDD; `undefined` where an RDD may have other names. */
function usesOf(
  rdds: RDDFunction['rdds'],
  params: readonly Syntax[],
  inside: readonly Place[],
): readonly Place[][] | undefined {
  if (typeof rdds === 'string') return usesOfProperty(params[0], rdds, inside)
  return typeof rdds === 'number' ? usesOfParams(params, rdds, inside) : usesOfElements(params[0], inside)
}

/** Returns the uses of each parameter that is an RDD; `undefined` where a parameter is no plain name. */
function usesOfParams(params: readonly Syntax[], count: number, inside: readonly Place[]): Place[][] | undefined {
  const given = params.slice(0, count)
  if (given.some(({ type }) => type !== 'Identifier')) return undefined
  return given.map((param) => inside.filter(({ node }) => node !== param && isNamed(node, param['name'])))
}

/** Returns the uses of the elements of an array of RDDs; `undefined` where they may be used in other ways. */
function usesOfElements(array: Syntax | undefined, inside: readonly Place[]): Place[][] | undefined {
  if (array === undefined) return []
  if (array.type === 'ArrayPattern') return usesOfPattern(array, inside)
  if (array.type !== 'Identifier') return undefined
  const all = inside.filter(({ node }) => node !== array && isNamed(node, array['name']))
  const uses = all.filter((use) => !isMember(use.outer, use.node) || nameOf(use.outer!.node['property']) !== 'length')
  const [first, ...others] = uses
  if (first === undefined) return []
  if (others.length === 0) {
    const { type, id, init } = first.outer!.node
    const isDeclared = type === 'VariableDeclarator' && init === first.node && isSyntax(id)
    if (isDeclared && first.outer!.outer?.node['kind'] === 'const') return usesOfPattern(id, inside)
    const reduced = reducedBy(first)
    if (reduced !== undefined) return [[reduced]]
  }
  const byIndex = new Map<unknown, Place[]>()
  for (const { node, outer } of uses) {
    if (!isElement(outer, node)) return undefined
    const index = (outer!.node['property'] as Syntax)['value']
    byIndex.set(index, [...(byIndex.get(index) ?? []), outer!])
  }
  return [...byIndex.values()]
}

/** Returns the uses of the names in a pattern; `undefined` for one with anything else. */
function usesOfPattern(pattern: Syntax, inside: readonly Place[]): Place[][] | undefined {
  const names = namesOfPattern(pattern)
  const elements = pattern['elements'] as unknown[]
  return names?.map((name) => inside.filter(({ node }) => !elements.includes(node) && isNamed(node, name)))
}

/** Whether a place is an element of an array, by an index that is written there. */
function isElement(place: Place | undefined, array: Syntax): boolean {
  const { type, object, computed, property } = (place?.node ?? {}) as Syntax
  return type === 'MemberExpression' && object === array && computed === true && isIndex(property)
}

/** Returns the place of the RDD in `rdds.reduce((a, b) => a.union(b))`, where that evaluates each element at most once. */
function reducedBy({ node, outer }: Place): Place | undefined {
  const call = outer?.outer
  if (!isMember(outer, node) || !isNamed(outer!.node['property'], 'reduce') || call?.node['callee'] !== outer!.node) {
    return undefined
  }
  const [f, ...others] = call.node['arguments'] as Syntax[]
  const isPlain = f?.type === 'ArrowFunctionExpression' && f['async'] === false && others.length === 0
  return isPlain && (f['params'] as unknown[]).length === 2 && usesEachOnce(f, 2, true) ? call : undefined
}

/** Returns the uses of the RDD that is a property of the first parameter; `undefined` where it may have other names. */
function usesOfProperty(param: Syntax | undefined, name: string, inside: readonly Place[]): Place[][] | undefined {
  if (param === undefined) return []
  if (param.type === 'ObjectPattern') {
    const properties = param['properties'] as Syntax[]
    if (properties.some(({ type, computed }) => type !== 'Property' || computed !== false)) return undefined
    const locals = properties.filter(({ key }) => isNamed(key, name)).map(({ value }) => value as Syntax)
    if (locals.some(({ type }) => type !== 'Identifier')) return undefined
    return locals.map((local) =>
      inside.filter(({ node, outer }) => !properties.includes(outer!.node) && isNamed(node, local['name'])),
    )
  }
  if (param.type !== 'Identifier') return undefined
  const whole = inside.filter(({ node }) => node !== param && isNamed(node, param['name']))
  if (whole.some(({ node, outer }) => !isMember(outer, node))) return undefined
  return [whole.map(({ outer }) => outer!).filter(({ node }) => isNamed(node['property'], name))]
}

/** Whether a place is a plain property of an object. */
function isMember(place: Place | undefined, object: Syntax): boolean {
  const { type, object: of, computed } = (place?.node ?? {}) as Syntax
  return type === 'MemberExpression' && of === object && computed === false
}

function isFact({ node, outer }: Place): boolean {
  return isMember(outer, node) && FACTS.has(nameOf(outer!.node['property']))
}

function nameOf(identifier: unknown): string {
  return (identifier as { readonly name?: string }).name ?? ''
}

/** Whether a place is reached at most once in a call of the function. */
function isOutsideOfLoops(place: Place): boolean {
  for (let { node, outer } = place; outer?.outer !== undefined; { node, outer } = outer) {
    const { type, init, right } = outer.node
    if (FUNCTIONS.has(type)) return false
    if (LOOPS.has(type) && init !== node && (type === 'ForStatement' || right !== node)) return false
  }
  return true
}

/** Whether an RDD is the receiver of one chain of calls that ends with an action or in a constant, or is returned where that is allowed. */
function isChain({ node, outer }: Place, isRDD: (node: unknown) => boolean, returnsRDD: boolean): boolean {
  const call = outer?.outer
  if (isMember(outer, node) && call?.node.type === 'CallExpression' && call.node['callee'] === outer!.node) {
    const name = nameOf(outer!.node['property'])
    return ACTIONS.has(name) || (isStep(name) && isChain(call, isRDD, returnsRDD))
  }
  if (outer?.node.type === 'CallExpression' && isOtherOfTwo(outer.node, node, isRDD)) {
    return isChain(outer, isRDD, returnsRDD)
  }
  // Its uses are those of an RDD as well.
  if (constantAt({ node, outer }) !== undefined) return true
  const isBody = outer?.outer === undefined && outer?.node['body'] === node
  return returnsRDD && (isBody || outer?.node.type === 'ReturnStatement')
}

function isStep(name: string): boolean {
  return TRANSFORMATIONS.has(name) || OF_TWO.has(name)
}

/** Whether a node is the other RDD of a call such as `rdd.join(other)`, whose receiver is an RDD too. */
function isOtherOfTwo(call: Syntax, node: Syntax, isRDD: (node: unknown) => boolean): boolean {
  let callee = call['callee'] as Syntax
  const args = call['arguments'] as unknown[]
  if (args[0] !== node || callee.type !== 'MemberExpression' || !OF_TWO.has(nameOf(callee['property']))) return false
  for (;;) {
    const receiver = callee['object'] as Syntax
    if (receiver.type !== 'CallExpression') return isRDD(receiver)
    callee = receiver['callee'] as Syntax
    if (callee.type !== 'MemberExpression' || !isStep(nameOf(callee['property']))) return false
  }
}
