import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { mutations } from './mutation-list.mjs'

const source = fileURLToPath(new URL('../packages/dstream/src/', import.meta.url))

// A removal whose text is gone from its file would remove nothing.
test.each(mutations)('%s: its text stands once in %s', (_, file, there, instead) => {
  expect(readFileSync(source + file, 'utf8').split(there)).toHaveLength(2)
  expect(instead).not.toBe(there)
})
