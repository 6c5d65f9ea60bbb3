// How long a program waits for `import 'dstream'`, each in a process of its own, beside another library of some size: immutable,
// which dstream loads only where it makes such collections.
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { median, report } from './measure.mjs'

const rounds = 15
const root = fileURLToPath(new URL('..', import.meta.url))
const timed = (load) => `const begin = performance.now(); ${load}; console.log(performance.now() - begin)`
const programs = {
  esm: ['--input-type=module', '-e', timed(`await import('dstream')`)],
  cjs: ['--input-type=commonjs', '-e', timed(`require('dstream')`)],
  twin: ['--input-type=commonjs', '-e', timed(`require('immutable')`)],
}
const times = { esm: [], cjs: [], twin: [] }
for (let round = -2; round < rounds; round++) {
  for (const [name, args] of Object.entries(programs)) {
    const ms = Number(execFileSync(process.execPath, args, { cwd: root, encoding: 'utf8' }))
    if (round >= 0) times[name].push(ms)
  }
}
const against = (name) => median(times[name].map((ms, i) => ms / times.twin[i]))
report('Importing the library', [
  { name: 'import', value: median(times.esm), unit: 'ms' },
  { name: '  against immutable', value: against('esm'), unit: '×', atMost: 8 },
  { name: 'require', value: median(times.cjs), unit: 'ms' },
  { name: '  against immutable', value: against('cjs'), unit: '×', atMost: 8 },
  { name: 'immutable, by require', value: median(times.twin), unit: 'ms' },
])
