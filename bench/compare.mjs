// @ts-check
// `npm run bench:compare -- A.json B.json` compares two kept results. `npm run bench:compare -- --against REF [--rounds N]
// [words]` builds the commit REF in a temporary checkout and runs its benchmarks and those of the working tree by turns.
// Ends with 1 when a figure is more than 3 % slower.
import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { changeLine, compare } from './comparison.mjs'
import { reportsOf } from './rounds.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const { values, positionals } = parseArgs({
  options: { against: { type: 'string' }, rounds: { type: 'string', default: '10' } },
  allowPositionals: true,
})

/** A checkout of the commit with its packages built; the dependencies are those of the working tree. */
const checkOut = (/** @type {string} */ ref) => {
  const folder = mkdtempSync(join(tmpdir(), 'dstream-bench-'))
  execFileSync('git', ['worktree', 'add', '--detach', '--force', folder, ref], { cwd: root, stdio: 'ignore' })
  // Copied with its links as they are: those of the packages must lead to this checkout.
  cpSync(join(root, 'node_modules'), join(folder, 'node_modules'), { recursive: true, verbatimSymlinks: true })
  execFileSync(process.execPath, ['tools/build.mjs'], { cwd: folder, stdio: 'inherit' })
  return folder
}

/** Runs both by turns. @returns {Promise<[before: import('./comparison.mjs').Report[][], after: import('./comparison.mjs').Report[][]]>} */
const paired = async (/** @type {string} */ ref, /** @type {number} */ rounds, /** @type {string[]} */ words) => {
  const folder = checkOut(ref)
  const before = []
  const after = []
  try {
    for (let round = 1; round <= rounds; round++) {
      console.error(`round ${round} of ${rounds}`)
      before.push(await reportsOf(folder, words))
      after.push(await reportsOf(root, words))
    }
  } finally {
    execFileSync('git', ['worktree', 'remove', '--force', folder], { cwd: root, stdio: 'ignore' })
    rmSync(folder, { recursive: true, force: true })
  }
  return [before, after]
}

const kept = (/** @type {string} */ file) => [JSON.parse(readFileSync(file, 'utf8')).reports]

const rounds = Number(values.rounds)
if (values.against === undefined ? positionals.length !== 2 : !Number.isInteger(rounds) || rounds < 1) {
  console.error('bench:compare takes two files of bench/results, or --against REF [--rounds N] [words].')
  process.exit(2)
}
const [before, after] =
  values.against === undefined
    ? [kept(positionals[0] ?? ''), kept(positionals[1] ?? '')]
    : await paired(values.against, rounds, positionals)
const changes = compare(before, after)
for (const change of changes) console.log(changeLine(change))
const slower = changes.filter((change) => change.slower)
console.log(`${changes.length} figures, ${slower.length} more than 3 % slower`)
process.exitCode = slower.length > 0 ? 1 : 0
