import { FUNCTIONS, partsOf, rootOf, targetsOf } from './outside-writes.js'
import { isNamed, isSyntax, placesIn, type Place, type Syntax } from './syntax.js'

/** A variable of a program. */
export interface Variable {
  readonly name: string
  readonly kind: 'const' | 'let' | 'var' | 'param' | 'function' | 'class' | 'catch'
  /** The node that declares it. */
  readonly declaredAt: Place
  /** The function that has it. */
  readonly owner: Syntax
  /** Its first value, or the function that it names. */
  readonly init: Syntax | undefined
  /** The places that change it, or a property of it. */
  readonly writes: Place[]
  /** The places of its name. */
  readonly uses: Place[]
}

const BLOCKS = new Set([
  'BlockStatement',
  'ForStatement',
  'ForInStatement',
  'ForOfStatement',
  'SwitchStatement',
  'StaticBlock',
  'CatchClause',
])

/** The variables of a function and of all functions in it, by the rules of the language. */
export class Scopes {
  /** All nodes of the function. */
  readonly places: readonly Place[]
  readonly #scopes = new Map<Syntax, Map<string, Variable>>()
  readonly #root: Syntax

  constructor(root: Syntax) {
    this.#root = root
    this.places = placesIn([root], { node: root, outer: undefined })
    for (const place of this.places) this.#declareAt(place)
    for (const place of this.places) {
      const { type, name: used } = place.node
      if (type === 'Identifier') this.variable(String(used), place)?.uses.push(place)
      for (const target of targetsOf(place.node)) {
        const { name } = rootOf(target) as { readonly name?: string }
        if (name !== undefined) this.variable(name, place)?.writes.push(place)
      }
    }
  }

  /** Returns the variable that a name means at a place; `undefined` for one that is declared outside. */
  variable(name: string, place: Place): Variable | undefined {
    for (let at: Place | undefined = place; at !== undefined; at = at.outer) {
      const found = this.#scopes.get(at.node)?.get(name)
      if (found !== undefined) return found
    }
    return undefined
  }

  /** Returns the innermost function around a place, itself included. */
  functionAt(place: Place): Syntax {
    return this.#around(place, ({ type }) => FUNCTIONS.has(type))
  }

  #around(place: Place | undefined, matches: (node: Syntax) => boolean): Syntax {
    for (let at = place; at !== undefined; at = at.outer) if (matches(at.node)) return at.node
    return this.#root
  }

  #declareAt(place: Place): void {
    const { node, outer } = place
    if (node.type === 'VariableDeclaration') this.#declareAll(place)
    if (node.type === 'CatchClause') this.#declare(node, 'catch', place, node['param'], undefined)
    if (node.type === 'FunctionDeclaration' || node.type === 'ClassDeclaration') {
      const kind = node.type === 'FunctionDeclaration' ? 'function' : 'class'
      this.#declare(this.#around(outer, isScope), kind, place, node['id'], node)
    }
    if (!FUNCTIONS.has(node.type)) return
    for (const param of node['params'] as Syntax[]) this.#declare(node, 'param', place, param, undefined)
    if (node.type === 'FunctionExpression') this.#declare(node, 'function', place, node['id'], node)
  }

  #declareAll(place: Place): void {
    const kind = place.node['kind'] as Variable['kind']
    const scope = kind === 'var' ? this.functionAt(place) : this.#around(place.outer, isScope)
    for (const { id, init } of place.node['declarations'] as Syntax[]) {
      this.#declare(scope, kind, place, id, isSyntax(init) ? unnamed(init) : undefined)
    }
  }

  #declare(scope: Syntax, kind: Variable['kind'], place: Place, pattern: unknown, init: Syntax | undefined): void {
    const names = this.#scopes.get(scope) ?? new Map<string, Variable>()
    this.#scopes.set(scope, names)
    const owner =
      kind === 'param' ? place.node : this.functionAt(kind === 'function' && place.outer ? place.outer : place)
    for (const part of partsOf(pattern)) {
      const name = String(part['name'])
      names.set(name, { name, kind, declaredAt: place, owner, init, writes: [], uses: [] })
    }
  }
}

/** Returns the function in `__name(f, 'f')`, by which esbuild keeps the names of functions. */
function unnamed(init: Syntax): Syntax {
  const [f] = (init['arguments'] ?? []) as Syntax[]
  return init.type === 'CallExpression' && isNamed(init['callee'], '__name') && f !== undefined ? f : init
}

function isScope({ type }: Syntax): boolean {
  return FUNCTIONS.has(type) || BLOCKS.has(type)
}
