import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import ts from 'typescript'
import { HashPartitioner, RDDContext } from 'dstream'

const source = readFileSync(new URL('../src/rdd/rdd.ts', import.meta.url), 'utf8')

/** Every `@example` line of the form `expression // value`, with the method that it stands above. */
const examples = [...source.matchAll(/@example\n {3}\* (.+) \/\/ (.+)\n {3}\*\/\n\s+(?:async )?\*?(\w+)/g)].map(
  ([, code, value, method]) => [method!, code!, value!] as const,
)

const evaluate = (code: string): Promise<unknown> => {
  const { outputText } = ts.transpileModule(`export default async () => (${code})`, {
    compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext },
  })
  const body = outputText.replace('export default', 'return')
  const run = new Function('sc', 'HashPartitioner', body) as (...names: unknown[]) => () => Promise<unknown>
  return run(new RDDContext(), HashPartitioner)()
}

test('every example is found', () => {
  expect(examples).toHaveLength(source.split('@example').length - 1)
  expect(examples.length).toBeGreaterThan(60)
})

test.each(examples)('the example of %s', async (_, code, value) => {
  expect(await evaluate(code)).toEqual(await evaluate(value))
})
