// @ts-check
// `npm run bench:save [words]`: runs the benchmarks and keeps their figures, with the machine and the commit, as JSON in
// bench/results. `npm run bench:compare` reads such files.
import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { reportsOf } from './rounds.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const git = (/** @type {string[]} */ ...args) => execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim()

const commit = git('rev-parse', '--short', 'HEAD') + (git('status', '--porcelain') === '' ? '' : '-changed')
const machine = {
  cpu: cpus()[0]?.model ?? 'unknown',
  cores: cpus().length,
  memoryMiB: Math.round(totalmem() / 2 ** 20),
  node: process.version,
}
const date = new Date().toISOString().slice(0, 10)
const reports = await reportsOf(root, process.argv.slice(2))
const file = join(root, 'bench/results', `${date}-${commit}-node${process.versions.node}.json`)
mkdirSync(join(root, 'bench/results'), { recursive: true })
writeFileSync(file, `${JSON.stringify({ date, commit, machine, reports }, undefined, 2)}\n`)
console.log(file)
