import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const tool = fileURLToPath(new URL('operators-page.mjs', import.meta.url))

test('docs/operators.md and docs/rdd.md say what the source says (npm run docs)', () => {
  expect(execFileSync(process.execPath, [tool, '--check'], { encoding: 'utf8' })).toBe('')
})
