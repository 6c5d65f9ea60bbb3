import { FUNCTIONS } from './outside-writes.js'
import { Scopes, type Variable } from './scopes.js'
import { isNamed, isSyntax, type Place, type Syntax } from './syntax.js'

const BROADCAST: ReadonlySet<string> = new Set(['broadcast'])
/** Expressions of primitive values. */
const VALUES = new Set(['Literal', 'TemplateLiteral', 'UnaryExpression', 'BinaryExpression'])
/** Properties that are numbers, and functions that make primitive values. */
const NUMBERS = ['milliseconds', 'length', 'size', 'numPartitions']
const TO_VALUES = 'Math Number String Boolean BigInt parseInt parseFloat isNaN isFinite'.split(' ')
/** Globals that read what they are given, or copy it. */
const READERS = [...TO_VALUES, 'Array', 'Object', 'JSON', 'Map', 'Set']

/** Returns the functions of a text within another function, of whose text they are a part. */
export function bodiesIn({ syntax, whole }: { readonly syntax: Syntax; readonly whole: string }, text: string) {
  const scopes = new Scopes(syntax)
  const isBody = ({ type, start, end }: Syntax): boolean =>
    FUNCTIONS.has(type) && whole.slice(start as number, end as number) === text
  return { scopes, bodies: scopes.places.filter(({ node }) => isBody(node)) }
}

export function isWithin(node: Syntax, region: Syntax): boolean {
  return (
    (node['start'] as number) >= (region['start'] as number) && (node['end'] as number) <= (region['end'] as number)
  )
}

export function isPlainDeclaration(declaration: Syntax, { name, init }: Variable): boolean {
  const declarators = (declaration['declarations'] ?? []) as Syntax[]
  return declarators.some((declarator) => declarator['init'] === init && isNamed(declarator['id'], name))
}

/** Whether a node is an index that is written there. */
export function isIndex(node: unknown): boolean {
  return isSyntax(node) && node.type === 'Literal' && Number.isInteger(node['value'])
}

/** Returns the names of a pattern such as `[a, b]`; `undefined` for one that has more than names of single elements. */
export function namesOfPattern(pattern: Syntax): readonly unknown[] | undefined {
  if (pattern.type !== 'ArrayPattern') return undefined
  const elements = (pattern['elements'] as (Syntax | null)[]).filter((element) => element !== null)
  return elements.every(({ type }) => type === 'Identifier') ? elements.map(({ name }) => name) : undefined
}

/** Whether the value of a constant is made by one of the methods, such as `ssc.sc.longAccumulator()`. */
export function isMade({ kind, init }: Variable, methods: ReadonlySet<string>): boolean {
  if (kind !== 'const' || init?.type !== 'CallExpression') return false
  const callee = init['callee'] as Syntax
  if (callee.type !== 'MemberExpression' || callee['computed'] === true) return false
  return methods.has((callee['property'] as { readonly name?: string }).name ?? '')
}

/** Whether a constant is a broadcast of the context of RDDs. */
export function isBroadcast(variable: Variable): boolean {
  if (!isMade(variable, BROADCAST)) return false
  const { object } = variable.init!['callee'] as { readonly object: Syntax }
  return isNamed(object.type === 'MemberExpression' ? object['property'] : object, 'sc', 'sparkContext')
}

/** Whether a place is the accumulator in `accumulator.add(…)`. */
export function isAddition({ node, outer }: Place): boolean {
  const { type, object, property } = (outer?.node ?? {}) as Syntax
  const call = outer?.outer?.node
  return (
    type === 'MemberExpression' &&
    object === node &&
    isNamed(property, 'add') &&
    call?.type === 'CallExpression' &&
    call['callee'] === outer!.node
  )
}

/** Returns the property of a property of a place, as far as it goes. */
export function memberOf(place: Place): Place {
  let at = place
  for (;;) {
    const { outer } = at
    const { type, object, computed } = (outer?.node ?? {}) as Syntax
    if (type !== 'MemberExpression' || object !== at.node || computed === true) break
    at = outer!
  }
  return asImport(at) ?? at
}

/** Returns `(0, module.f)` around a property, which is how compilers write the name of an import. */
function asImport({ node, outer }: Place): Place | undefined {
  if (node.type !== 'MemberExpression' || outer?.node.type !== 'SequenceExpression') return undefined
  const [first, second] = outer.node['expressions'] as Syntax[]
  return first?.type === 'Literal' && second === node ? outer : undefined
}

export function isCallee(node: Syntax, call: Syntax | undefined): boolean {
  return (call?.type === 'CallExpression' || call?.type === 'NewExpression') && call['callee'] === node
}

/** Whether a place is the module in `(0, module.f)(…)`. */
export function isImportCalled(place: Place): boolean {
  const { node, outer } = memberOf(place)
  return node.type === 'SequenceExpression' && isCallee(node, outer?.node)
}

/** Whether a literal is a regular expression that goes on behind its last match. */
export function isSticky({ regex }: Syntax): boolean {
  const { flags } = (isSyntax(regex) ? regex : (regex ?? {})) as { readonly flags?: string }
  return flags !== undefined && /[gy]/.test(flags)
}

/** Whether a value can only be a primitive one, or a function, as far as its text tells. */
export function cannotChange({ type, callee, property }: Syntax): boolean {
  if (FUNCTIONS.has(type) || VALUES.has(type)) return true
  if (type === 'MemberExpression') return isNamed(property, ...NUMBERS)
  if (type !== 'CallExpression') return false
  const { type: of, object } = callee as Syntax
  return isNamed(of === 'MemberExpression' ? object : callee, ...TO_VALUES)
}

/** Whether a place uses a value without giving it another name, by which it might be changed. */
export function isReadOnly({ node, outer }: Place): boolean {
  const parent = (outer?.node ?? {}) as Syntax
  switch (parent.type) {
    case 'MemberExpression':
    case 'BinaryExpression':
    case 'UnaryExpression':
    case 'TemplateLiteral':
    case 'SpreadElement':
      return true
    case 'VariableDeclarator':
      return parent['id'] === node
    case 'ForOfStatement':
    case 'ForInStatement':
      return parent['right'] === node
    case 'IfStatement':
    case 'ConditionalExpression':
      return parent['test'] === node
    case 'CallExpression':
    case 'NewExpression': {
      const callee = parent['callee'] as Syntax
      const { object, property } = callee
      const reads = callee.type === 'MemberExpression' ? isNamed(object, ...READERS) : isNamed(callee, ...READERS)
      return callee === node || (reads && !isNamed(property, 'assign', 'defineProperty', 'setPrototypeOf'))
    }
    default:
      return false
  }
}

/** Whether a place is a part of what a function returns. Records are not changed once they are made. */
export function isInRecord({ node, outer }: Place): boolean {
  const { type, body, value } = (outer?.node ?? {}) as Syntax
  if (type === 'ArrowFunctionExpression') return body === node
  return type === 'ArrayExpression' || type === 'ReturnStatement' || (type === 'Property' && value === node)
}
