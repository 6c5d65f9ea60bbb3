// Makes the programs that run the behaviours, for an ES module and for CommonJS.
import { readFileSync } from 'node:fs'

const text = readFileSync(new URL('./behaviours.mjs', import.meta.url), 'utf8')
const entries = {
  dstream: 'dstream',
  testing: 'dstream/testing',
  storage: 'dstream/storage',
  kafka: 'dstream/kafka',
  postgres: 'dstream/postgres',
  redis: 'dstream/redis',
}
const modules = {
  assert: 'node:assert/strict',
  events: 'node:events',
  fs: 'node:fs',
  os: 'node:os',
  path: 'node:path',
  stream: 'node:stream',
  threads: 'node:worker_threads',
  vm: 'node:vm',
}

/** What is behind the imports: each behaviour in turn, each with an end of its own. */
const run = `
const use = { ...entries, node }
const longest = 60_000
const words = process.argv.slice(2)
const main = async () => {
  for (const [name, program] of Object.entries(behaviours(use))) {
    if (words.length > 0 && !words.some((word) => name.includes(word))) continue
    let timer
    const late = new Promise((_, reject) => (timer = setTimeout(() => reject(new Error('takes longer than a minute')), longest)))
    try {
      const [found, right] = await Promise.race([program(), late])
      node.assert.deepEqual(found, right)
    } catch (error) {
      console.error(name + ': ' + (error?.stack ?? error))
      process.exitCode = 1
    }
    clearTimeout(timer)
  }
  process.exit()
}
main()
`

const listed = (
  /** @type {Record<string, string>} */ names,
  /** @type {(from: string, name: string) => string} */ write,
) =>
  Object.entries(names)
    .map(([name, from]) => write(from, name))
    .join('\n')
const objects = `const entries = { ${Object.keys(entries).join(', ')} }\nconst node = { ${Object.keys(modules).join(', ')} }`

/** The files of the two programs by name. @type {Record<string, string>} */
export const programs = {
  'behaviours.mjs': [
    listed(entries, (from, name) => `import * as ${name} from '${from}'`),
    listed(modules, (from, name) => `import * as ${name} from '${from}'`),
    objects,
    text.replace('export const behaviours =', 'const behaviours ='),
    run,
  ].join('\n'),
  'behaviours.cjs': [
    listed({ ...entries, ...modules }, (from, name) => `const ${name} = require('${from}')`),
    objects,
    text.replace('export const behaviours =', 'const behaviours ='),
    run,
  ].join('\n'),
}
