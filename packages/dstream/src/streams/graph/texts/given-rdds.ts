import type { RDDFunction } from '../operator.js'
import { isIndex, isPlainDeclaration, namesOfPattern } from './body-syntax.js'
import { FUNCTIONS } from './outside-writes.js'
import type { Scopes, Variable } from './scopes.js'
import { OF_TWO, TRANSFORMATIONS } from './single-use.js'
import { isNamed, isSyntax, type Place, type Syntax } from './syntax.js'

/** The methods of an array that call a function with its elements before they return, and the number of elements of each call. */
const CALLING: ReadonlyMap<string, number> = new Map([
  ['map', 1],
  ['reduce', 2],
])

/** The transformations between the RDDs that a function is given and another one. */
type Chain = readonly string[]

/** The expressions in the text of a function over RDDs that can only be RDDs, or arrays of them. */
export class GivenRDDs {
  readonly #scopes: Scopes
  readonly #body: Place
  /** The names of the parameters that are RDDs. */
  readonly #names: readonly unknown[]
  /** Whether it is given an array of them. */
  readonly #hasArray: boolean
  /** The name of the array, where it has one. */
  readonly #array: unknown
  /** Whether a function of `reduce` gives RDDs, which the next call of it gets. */
  readonly #reducers = new Map<Syntax, boolean>()
  /** Why the RDDs that it is given are not known by their names. */
  readonly reason: string | undefined
  #functions: ReadonlyMap<Syntax, Place> | undefined

  constructor(scopes: Scopes, body: Place, rdds: RDDFunction['rdds']) {
    this.#scopes = scopes
    this.#body = body
    const params = body.node['params'] as Syntax[]
    this.#hasArray = typeof rdds === 'object'
    if (typeof rdds !== 'object') {
      this.#names = params.slice(0, Number(rdds)).map(({ name }) => name)
      return
    }
    const [first] = params
    this.#array = first?.type === 'Identifier' ? first['name'] : undefined
    const names = first === undefined || this.#array !== undefined ? [] : namesOfPattern(first)
    this.#names = names ?? []
    if (names === undefined) this.reason = 'the pattern of its first parameter has more than names of single RDDs'
  }

  /** Returns the transformations of all RDDs that may be returned; `undefined` where something else may be. */
  methods(): ReadonlySet<string> | undefined {
    const chain = this.#returned(this.#body)
    return chain && new Set(chain)
  }

  isRDD(place: Place): boolean {
    return this.#chain(place) !== undefined
  }

  /** Whether a function is the given one, or is called in it by the array of RDDs, before the method of the array returns. */
  isCalledAtOnce(f: Syntax): boolean {
    if (f === this.#body.node) return true
    const at = this.#placeOf(f)
    return (
      at?.outer !== undefined && this.#elementsFor(at) > 0 && this.isCalledAtOnce(this.#scopes.functionAt(at.outer))
    )
  }

  /** Finds what speaks against the use of an array of RDDs, whose elements have to be known as RDDs. */
  againstArray(place: Place): string | undefined {
    if (!this.#hasArray || this.#elements(place) === undefined) return undefined
    const { node, outer } = place
    if (!this.isCalledAtOnce(this.#scopes.functionAt(place))) return 'a function in it uses the array of RDDs'
    const name = node.type === 'Identifier' ? String(node['name']) : ''
    if (this.#scopes.variable(name, place)?.writes.length !== 0 && name !== '') return 'it changes the array of RDDs'
    const { type, object, property, computed, id, init, body } = (outer?.node ?? {}) as Syntax
    if (FUNCTIONS.has(type) && body !== node) return undefined
    if (type === 'VariableDeclarator') {
      const isNamedOnce =
        init === node && isSyntax(id) && (id.type === 'Identifier' || namesOfPattern(id) !== undefined)
      if (id === node || (isNamedOnce && outer!.outer?.node['kind'] === 'const')) return undefined
    }
    if (type === 'MemberExpression' && object === node) {
      if (computed === true ? isIndex(property) : isNamed(property, 'length')) return undefined
      const call = outer!.outer
      const [f] = (call?.node['arguments'] ?? []) as Syntax[]
      if (f !== undefined && this.#elementsFor({ node: f, outer: call }) > 0) return undefined
    }
    return 'it uses the array of RDDs by other means than an index, a pattern of names, and map and reduce with functions that are written there'
  }

  /** Returns the transformations of an expression that can only be an RDD; `undefined` for anything else. */
  #chain(place: Place): Chain | undefined {
    const { node, outer } = place
    if (node?.type === 'Identifier') return this.#chainOfName(place)
    if (node?.type === 'MemberExpression' && node['computed'] === true && isIndex(node['property'])) {
      return this.#elements({ node: node['object'] as Syntax, outer: place })
    }
    if (node?.type !== 'CallExpression') return undefined
    const callee = node['callee'] as Syntax
    if (callee.type !== 'MemberExpression' || callee['computed'] === true) return undefined
    const { name = '' } = callee['property'] as { readonly name?: string }
    if (name === 'reduce') return this.#ofCallback(place, name)
    if (!TRANSFORMATIONS.has(name) && !OF_TWO.has(name)) return undefined
    const below = this.#chain({ node: callee['object'] as Syntax, outer })
    const [other] = node['arguments'] as Syntax[]
    const beside = OF_TWO.has(name) ? this.#chain({ node: other!, outer }) : []
    return below && beside && [...below, ...beside, name]
  }

  #chainOfName(place: Place): Chain | undefined {
    const variable = this.#scopes.variable(String(place.node['name']), place)
    if (variable === undefined) return undefined
    const { kind, init, declaredAt, owner, name } = variable
    if (kind === 'param') {
      if (owner === this.#body.node) return this.#names.includes(name) ? [] : undefined
      return this.#chainOfElement(variable)
    }
    if (kind !== 'const' || init === undefined) return undefined
    const value = { node: init, outer: declaredAt }
    if (isPlainDeclaration(declaredAt.node, variable)) return this.#chain(value)
    return isInPattern(declaredAt.node, variable) ? this.#elements(value) : undefined
  }

  /** Returns the transformations of the parameter of a function that the array of RDDs calls. */
  #chainOfElement({ owner, name }: Variable): Chain | undefined {
    const at = this.#placeOf(owner)
    const params = owner['params'] as Syntax[]
    const count = at === undefined ? 0 : this.#elementsFor(at)
    if (!params.slice(0, count).some((param) => isNamed(param, name))) return undefined
    return this.#elements({ node: (at!.outer!.node['callee'] as Syntax)['object'] as Syntax, outer: at!.outer })
  }

  /** Returns the transformations of the elements of an expression that can only be an array of RDDs. */
  #elements(place: Place): Chain | undefined {
    const { node, outer } = place
    if (node.type === 'CallExpression') return this.#ofCallback({ node, outer }, 'map')
    if (node.type !== 'Identifier') return undefined
    const variable = this.#scopes.variable(String(node['name']), place)
    if (variable === undefined) return undefined
    const { kind, init, declaredAt, owner, name } = variable
    if (kind === 'param') return owner === this.#body.node && name === this.#array ? [] : undefined
    const isOneName = kind === 'const' && isPlainDeclaration(declaredAt.node, variable)
    return isOneName && init !== undefined ? this.#elements({ node: init, outer: declaredAt }) : undefined
  }

  /** Returns the transformations of what the function returns that a method of the array of RDDs is given. */
  #ofCallback(call: Place, method: string): Chain | undefined {
    const { callee, arguments: args } = call.node as Syntax & { readonly callee: Syntax; readonly arguments: Syntax[] }
    if (callee.type !== 'MemberExpression' || !isNamed(callee['property'], method)) return undefined
    const [node] = args
    const f = { node: node!, outer: call }
    return node !== undefined && this.#elementsFor(f) > 0 ? this.#returned(f) : undefined
  }

  /** Returns with how many RDDs of the array a function is called at a time; 0 for any other function. */
  #elementsFor({ node, outer }: Place): number {
    const { type, callee, arguments: args } = (outer?.node ?? {}) as Syntax
    if (!FUNCTIONS.has(node.type) || type !== 'CallExpression' || (args as Syntax[]).length !== 1) return 0
    const { type: of, object, property, computed } = callee as Syntax
    if ((args as Syntax[])[0] !== node || of !== 'MemberExpression' || computed === true) return 0
    const count = CALLING.get((property as { readonly name?: string }).name ?? '') ?? 0
    // Further parameters would be the index and the array itself.
    const isPlain = (node['params'] as Syntax[]).every((param, i) => param.type === 'Identifier' && i < count)
    if (!isPlain || this.#elements({ node: object as Syntax, outer }) === undefined) return 0
    return count < 2 || this.#givesRDDs({ node, outer }) ? count : 0
  }

  /** Whether a function of `reduce` gives an RDD where it is given RDDs. */
  #givesRDDs(f: Place): boolean {
    const known = this.#reducers.get(f.node)
    if (known !== undefined) return known
    this.#reducers.set(f.node, true)
    const isSo = this.#returned(f) !== undefined
    this.#reducers.set(f.node, isSo)
    return isSo
  }

  /** Returns the transformations of all that a function may return. */
  #returned(f: Place): Chain | undefined {
    const { node } = f
    const body = node['body'] as Syntax
    if (body.type !== 'BlockStatement') return this.#chain({ node: body, outer: f })
    const chains = this.#scopes.places
      .filter((place) => place.node.type === 'ReturnStatement' && this.#scopes.functionAt(place) === node)
      .map((place) => this.#chain({ node: place.node['argument'] as Syntax, outer: place }))
    return chains.includes(undefined) ? undefined : chains.flatMap((chain) => chain!)
  }

  #placeOf(f: Syntax): Place | undefined {
    this.#functions ??= new Map(
      this.#scopes.places.filter(({ node }) => FUNCTIONS.has(node.type)).map((place) => [place.node, place]),
    )
    return this.#functions.get(f)
  }
}

/** Whether a constant is one of the names in `const [a, b] = …`. */
function isInPattern(declaration: Syntax, { name, init }: Variable): boolean {
  const declarators = (declaration['declarations'] ?? []) as Syntax[]
  const pattern = declarators.find((declarator) => declarator['init'] === init)?.['id']
  return isSyntax(pattern) && namesOfPattern(pattern)?.includes(name) === true
}
