// Writes docs/operators.md and docs/rdd.md from the source: `npm run docs`. With --check it only says whether they are stale.
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

const root = fileURLToPath(new URL('..', import.meta.url))
const engine = `${root}packages/dstream/src/`

const parse = (path) => ts.createSourceFile(path, readFileSync(engine + path, 'utf8'), ts.ScriptTarget.ES2022, true)

const docOf = (node) => ts.getJSDocCommentsAndTags(node).findLast((doc) => ts.isJSDoc(doc) && doc.parent === node)
const textOf = (comment) => (ts.getTextOfJSDocComment(comment) ?? '').trim()

/** Where a class has no sections. */
const sectionOf = (node) => {
  if (node.parent.name.text.endsWith('DStream')) return 'its own'
  if (/^(Promise|AsyncIterable)\b/.test(node.type?.getText() ?? '')) return 'actions'
  return node.parameters.some((p) => p.name.getText() === 'this')
    ? 'transformations of keys and pairs'
    : 'transformations'
}

/** The class's public members, overloads together, each with the section (`// ── name ──`) in which it stands. */
const membersOf = (path, className) => {
  const source = parse(path)
  const declaration = source.statements.find((node) => ts.isClassDeclaration(node) && node.name?.text === className)
  const sections = [...source.text.matchAll(/\n {2}\/\/ ── (.+?) ─+\n/g)]
  const members = new Map()
  for (const node of declaration.members) {
    const name = node.name?.getText()
    const doc = docOf(node)
    const isPublic = ts.isMethodDeclaration(node) && !/^[#[]/.test(name)
    if (!isPublic || doc?.tags?.some((tag) => tag.tagName.text === 'internal')) continue
    const section =
      sections.findLast(({ index }) => index > declaration.pos && index < node.getStart())?.[1] ?? sectionOf(node)
    const member = members.get(name) ?? { name, section, nodes: [] }
    member.nodes.push(node)
    members.set(name, member)
  }
  return { source, members: [...members.values()] }
}

/** The parameters and the result, in one line; of overloads without the signature of the implementation. */
const typesOf = ({ name, nodes }) =>
  (nodes.length > 1 ? nodes.filter((node) => node.body === undefined) : nodes).map((node) => {
    const typeParameters = node.typeParameters?.map((p) => p.getText()).join(', ')
    const parameters = node.parameters.map((p) => p.getText().replace(/\s+/g, ' ')).join(', ')
    const result = node.type === undefined ? '' : `: ${node.type.getText().replace(/\s+/g, ' ')}`
    // The pages show the result type alone; the type that refuses async functions reads badly.
    return `${name}${typeParameters ? `<${typeParameters}>` : ''}(${parameters})${result}`
      .replace(/, B = \[\w+\]/, '')
      .replace(/NotAwaited<(\w+), B>/, '$1')
  })

/** name of an operator's function → the paragraph of its doc comment that begins with "Law:" */
const lawsOf = (source) => {
  const laws = new Map()
  for (const node of source.statements) {
    const from = ts.isImportDeclaration(node) ? node.moduleSpecifier.text : ''
    if (!from.startsWith('../streams/operators/')) continue
    const operators = parse(from.slice(3).replace(/\.js$/, '.ts'))
    for (const statement of operators.statements) {
      if (!ts.isFunctionDeclaration(statement) || statement.name === undefined) continue
      const law = /Law: ([^]+?)(?:\n\n|\n@|\nReference|$)/.exec(textOf(docOf(statement)?.comment))?.[1]
      if (law !== undefined) laws.set(statement.name.text, law)
    }
  }
  return laws
}

const lawsIn = (nodes, laws) => {
  const found = new Set()
  const visit = (node) => {
    if (ts.isCallExpression(node) && ts.isIdentifier(node.expression)) {
      const law = laws.get(node.expression.text)
      if (law !== undefined) found.add(law)
    }
    ts.forEachChild(node, visit)
  }
  nodes.forEach(visit)
  return [...found]
}

const entry = (member, laws) => {
  const docs = member.nodes.map(docOf).filter((doc) => doc !== undefined)
  const tags = docs.flatMap((doc) => [...(doc.tags ?? [])])
  const tagged = (name) => tags.filter((tag) => tag.tagName.text === name).map((tag) => textOf(tag.comment))
  const code = (language, text) => `\`\`\`${language}\n${text}\n\`\`\``
  return [
    `### ${member.name}`,
    ...docs.map((doc) => textOf(doc.comment)),
    code('text', typesOf(member).join('\n')),
    ...lawsIn(member.nodes, laws).map((law) => `**Law**: ${law.trim()}`),
    ...tagged('throws').map((text) => `**Throws** ${text}`),
    ...tagged('example').map((text) => code('ts', text)),
  ].join('\n\n')
}

const anchor = (text) =>
  text
    .toLowerCase()
    .replace(/[^a-z0-9 -]/g, '')
    .replaceAll(' ', '-')

/** Parts: the same class under one title. Two members of one name in a page get the anchors `x` and `x-1`, as GitHub does. */
const page = (title, intro, parts) => {
  const seen = new Map()
  const anchorOf = (name) => {
    const base = anchor(name)
    const n = seen.get(base) ?? 0
    seen.set(base, n + 1)
    return n === 0 ? base : `${base}-${n}`
  }
  const contents = []
  const body = []
  for (const { prefix, path, className } of parts) {
    const { source, members } = membersOf(path, className)
    const laws = lawsOf(source)
    for (const section of new Set(members.map((member) => member.section))) {
      const heading = prefix === '' ? section : `${prefix}: ${section}`
      const own = members.filter((member) => member.section === section)
      const link = `[${heading}](#${anchorOf(heading)})`
      contents.push(`- ${link}: ${own.map(({ name }) => `[${name}](#${anchorOf(name)})`).join(', ')}`)
      body.push(`## ${heading}`, ...own.map((member) => entry(member, laws)))
    }
  }
  return (
    [`# ${title}`, '<!-- Made from the source by `npm run docs`. -->', intro, contents.join('\n'), ...body].join(
      '\n\n',
    ) + '\n'
  )
}

const names = `The examples use the public names of \`dstream\` and \`dstream/testing\`. \`runBatches\` feeds one array per batch, of one
second each, and gives one array per batch; \`t\` is a \`TestContext\` with batches of one second and \`ssc\` its
\`StreamingContext\`; \`lines\` holds \`'a b'\`, \`pairs\` holds \`['a', 1]\`, each in the first of two batches. All of them are
run as tests.`

const pages = {
  'docs/operators.md': page(
    'Operators',
    `What a \`DStream\` can do, and where streams come from.\n\n${names}\n\nA batch's own methods are in [rdd.md](rdd.md); the words (slide, window, state) in [concepts.md](concepts.md).`,
    [
      { prefix: '', path: 'api/dstream.ts', className: 'DStream' },
      { prefix: 'StateDStream', path: 'api/state-dstream.ts', className: 'StateDStream' },
      { prefix: 'MapWithStateDStream', path: 'api/state-dstream.ts', className: 'MapWithStateDStream' },
      { prefix: 'StreamingContext', path: 'api/streaming-context.ts', className: 'StreamingContext' },
    ],
  ),
  'docs/rdd.md': page(
    'RDD',
    'One batch, inside `transform` and `foreachRDD`: lazy, immutable, partitioned. In the examples `sc` is the `RDDContext` of a context, `ssc.sc`.\nAll of them are run as tests.',
    [{ prefix: '', path: 'rdd/rdd.ts', className: 'RDD' }],
  ),
}

const read = (path) => {
  try {
    return readFileSync(root + path, 'utf8')
  } catch {
    return undefined
  }
}
const stale = Object.entries(pages).filter(([path, text]) => read(path) !== text)
if (process.argv.includes('--check')) {
  for (const [path] of stale) console.error(`${path} is not what the source says: run npm run docs`)
  process.exitCode = stale.length === 0 ? 0 : 1
} else for (const [path, text] of stale) writeFileSync(root + path, text)
