import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'

/** One example as it stands in a file: above a declaration, or between the fences of a page. */
export interface Example {
  readonly file: string
  readonly name: string
  readonly code: string
  /** A `js` block of a page is parsed and run, but its types are not checked. */
  readonly language: 'js' | 'ts'
}

export function filesUnder(folder: string, fits: RegExp): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => fits.test(path) && !path.includes('node_modules'))
    .map((path) => join(folder, path))
    .sort()
}

function ownName(node: ts.Node): string {
  const named = (ts.isVariableStatement(node) ? node.declarationList.declarations[0] : node) as ts.NamedDeclaration
  const name = named.name?.getText() ?? node.kind.toString()
  return ts.isClassElement(node) ? `${ownName(node.parent)}.${name}` : name
}

/** Every `@example` of the doc comments of a source file. */
export function examplesInSource(file: string): Example[] {
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.ES2022, true)
  const found: Example[] = []
  const visit = (node: ts.Node): void => {
    for (const doc of ts.getJSDocCommentsAndTags(node)) {
      if (!ts.isJSDoc(doc) || doc.parent !== node) continue
      for (const tag of doc.tags ?? []) {
        if (tag.tagName.text !== 'example') continue
        found.push({ file, name: ownName(node), code: ts.getTextOfJSDocComment(tag.comment) ?? '', language: 'ts' })
      }
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return found
}

/** Every fenced `js` or `ts` block of a page. */
export function examplesInPage(file: string): Example[] {
  return [...readFileSync(file, 'utf8').matchAll(/^```(js|ts)\n([^]*?)^```$/gm)].map(([, language, code], i) => ({
    file,
    name: `block ${i + 1}`,
    code: code!,
    language: language as 'js' | 'ts',
  }))
}

function isExpression(text: string): boolean {
  const { diagnostics } = ts.transpileModule(`async () => (${text})`, { reportDiagnostics: true })
  return diagnostics?.length === 0
}

function commentAfter(code: string, end: number): string | undefined {
  const [range] = ts.getTrailingCommentRanges(code, end) ?? ts.getLeadingCommentRanges(code, end) ?? []
  return range && code.slice(range.pos + 2, range.end).trim()
}

export interface Body {
  readonly imports: string
  /** The statements, each expression with a `// result` behind it as `check(expression, () => result)`. */
  readonly statements: string
  readonly results: number
}

/** Takes an example apart. A comment behind an expression that is no value itself is prose. */
export function bodyOf(code: string): Body {
  const source = ts.createSourceFile('example.ts', code, ts.ScriptTarget.ES2022, true)
  const imports: string[] = []
  const statements: string[] = []
  let results = 0
  for (const statement of source.statements) {
    const text = statement.getText()
    const result = ts.isExpressionStatement(statement) ? commentAfter(code, statement.end) : undefined
    if (ts.isImportDeclaration(statement)) imports.push(text)
    else if (result !== undefined && isExpression(result)) {
      results++
      statements.push(`check(${(statement as ts.ExpressionStatement).expression.getText()}, () => (${result}))`)
    } else statements.push(text)
  }
  return { imports: imports.join('\n'), statements: statements.map((text) => `${text}\n`).join(';'), results }
}
