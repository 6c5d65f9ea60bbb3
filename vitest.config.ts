import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const source = (path: string) => fileURLToPath(new URL(`./packages/${path}`, import.meta.url))

// Tests run on source, never on dist: the same names as tsconfig's `paths`, the longer ones first.
const alias = [
  { find: /^dstream$/, replacement: source('dstream/src/index.ts') },
  { find: /^dstream\/(.+)$/, replacement: source('dstream/src/$1/index.ts') },
  { find: /^jvc-receiver$/, replacement: source('jvc-receiver/src/index.ts') },
  { find: /^jvc-receiver\/feed$/, replacement: source('jvc-receiver/src/feed/index.ts') },
  { find: /^jvc-scraper$/, replacement: source('jvc-scraper/src/index.ts') },
  { find: /^jvc-scraper\/simulator$/, replacement: source('jvc-scraper/src/simulator/index.ts') },
]

export default defineConfig({
  resolve: { alias },
  test: {
    include: ['{packages,examples,test}/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**', '**/*.long.test.ts'],
    passWithNoTests: true,
  },
})
