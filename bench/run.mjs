// npm run bench: every *.bench.mjs in a process of its own, one after the other. `npm run bench -- feed state` runs those
// whose names contain one of the words; `npm run bench -- --json` gives one JSON document a line.
import { spawn } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
const words = process.argv.slice(2).filter((arg) => !arg.startsWith('--'))
const flags = process.argv.slice(2).filter((arg) => arg.startsWith('--'))
const files = readdirSync(here)
  .filter((file) => file.endsWith('.bench.mjs'))
  .filter((file) => words.length === 0 || words.some((word) => file.includes(word)))

for (const file of files) {
  const code = await new Promise((resolve) => {
    const child = spawn(process.execPath, ['--expose-gc', join(here, file), ...flags], { stdio: 'inherit' })
    child.on('exit', resolve)
  })
  if (code !== 0) process.exitCode = 1
}
if (files.length === 0) {
  console.error(`No benchmark is called ${words.join(' or ')}.`)
  process.exitCode = 1
}
