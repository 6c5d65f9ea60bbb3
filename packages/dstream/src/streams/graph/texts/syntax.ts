import type { Program, Options } from 'acorn'

export type Parse = (text: string, options: Options) => Program

/** A node of the syntax tree. The names of its properties are those of ESTree. */
export interface Syntax {
  readonly type: string
  readonly [property: string]: unknown
}

/** A node and what it is part of, up to the function itself. */
export interface Place {
  readonly node: Syntax
  readonly outer: Place | undefined
}

/**
 * Returns the syntax of a function or method, `undefined` where the text is none that can be read.
 *
 * @param takesGenerators false where a generator counts as unreadable
 */
export function parsed(text: string, parse: Parse, takesGenerators = false): Syntax | undefined {
  return parsedWithin(text, parse, takesGenerators)?.syntax
}

/** Does what `parsed` does, and returns the text too in which the nodes have their places. */
export function parsedWithin(
  text: string,
  parse: Parse,
  takesGenerators: boolean,
): { readonly syntax: Syntax; readonly whole: string } | undefined {
  const options: Options = { ecmaVersion: 'latest', checkPrivateFields: false, allowSuperOutsideMethod: true }
  for (const whole of [`(${text})`, `({${text}})`]) {
    try {
      const [statement] = parse(whole, options).body as unknown as { readonly expression: Syntax }[]
      const { expression } = statement!
      const [property] = (expression['properties'] ?? []) as { readonly value: Syntax }[]
      const syntax = expression.type === 'ObjectExpression' ? property!.value : expression
      return takesGenerators || syntax['generator'] === false ? { syntax, whole } : undefined
    } catch {
      // Tried as a method next. The text of a native or a bound function is neither.
    }
  }
  return undefined
}

/** Returns the places of all nodes but the mere names of properties. The trees may be deeper than the stack. */
export function placesIn(roots: readonly Syntax[], outer: Place): Place[] {
  const places = roots.map((node): Place => ({ node, outer }))
  for (const place of places) {
    const { node } = place
    const isPlain = node['computed'] === false && node['shorthand'] !== true
    for (const [name, value] of Object.entries(node)) {
      if (isPlain && (name === 'property' || name === 'key')) continue
      for (const child of [value].flat()) if (isSyntax(child)) places.push({ node: child, outer: place })
    }
  }
  return places
}

export function isSyntax(value: unknown): value is Syntax {
  return typeof value === 'object' && value !== null && typeof (value as Partial<Syntax>).type === 'string'
}

export function isNamed(node: unknown, ...names: readonly unknown[]): boolean {
  const { type, name } = (node ?? {}) as Syntax
  return type === 'Identifier' && names.includes(name)
}
