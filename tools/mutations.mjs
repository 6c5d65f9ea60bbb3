// @ts-check
// Are the tests of recovery tests at all? Takes one safety step at a time out of the sources, as Vite hands them to the
// tests (the files stay as they are), and expects that a test fails. Each removal has a process and a time limit of its
// own. Only a test that failed for another reason than its time counts; ends with 1 when a removal is not proven so.
//
//   node tools/mutations.mjs [number of the first removal [and of the last]]
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { loadConfigFromFile } from 'vite'
import { startVitest } from 'vitest/node'
import { mutations } from './mutation-list.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const source = 'packages/dstream/src/'
/** The quick ones first: a removal is done with when the first test has failed. */
const tests = [
  ...['durable/', 'testing/simulated-disk/', 'platform/files/file-lock', 'testing/test-recovery'].map(
    (at) => source + at,
  ),
  'packages/dstream/test/async-functions',
  'packages/dstream/test/changed-in-place',
  'packages/dstream/test/checkpoint/',
  'packages/dstream/src/engine/recovery',
  'packages/dstream/test/next-life',
  'packages/dstream/test/output-ahead',
  'packages/dstream/test/source-recovery',
  'packages/dstream/test/pending-outputs',
  'packages/dstream/test/output-delivery',
  'packages/dstream/test/unstorable',
  'packages/dstream/test/kept-',
  'packages/dstream/test/rate-at-stop',
  'packages/dstream/test/receiving',
  'packages/dstream/test/crash-sweep/',
]

/** Seconds that one removal may take, and the run with nothing removed, which has no first failure to end at. */
const limits = { removal: 90, nothing: 300 }

/**
 * How a run ended. Only `caught` proves that the tests see the removal.
 * @typedef {{ verdict: 'caught' | 'survived' | 'time limit' | 'error', detail: string }} Outcome
 */

/**
 * Runs the tests without one step, up to the first that fails.
 * @param {(typeof mutations)[number] | undefined} mutation
 * @returns {Promise<Outcome>}
 */
async function runTests(mutation) {
  const loaded = await loadConfigFromFile({ command: 'serve', mode: 'test' }, `${root}vitest.config.ts`)
  const alias = loaded?.config.resolve?.alias
  let changed = 0
  const plugin = {
    name: 'mutation',
    enforce: /** @type {const} */ ('pre'),
    /** @param {string} code @param {string} id */
    transform(code, id) {
      if (mutation === undefined || !id.endsWith(`/${source}${mutation[1]}`)) return undefined
      const parts = code.split(mutation[2])
      if (parts.length !== 2)
        throw new Error(`${mutation[1]} holds ${parts.length - 1} times, not once: ${mutation[2]}`)
      changed++
      return parts.join(mutation[3])
    },
  }
  const options = {
    config: /** @type {const} */ (false),
    root,
    watch: false,
    bail: 1,
    testTimeout: 30_000,
    exclude: ['**/node_modules/**', '**/dist/**', '**/*.long.test.ts'],
    reporters: [{}],
  }
  const vitest = await startVitest('test', tests, options, {
    plugins: [plugin],
    resolve: alias === undefined ? {} : { alias },
  })
  let passed = 0
  /** @type {string | undefined} */
  let late
  /** @type {Outcome | undefined} */
  let broken
  for (const module of vitest.state.getTestModules()) {
    // A test that fails may leave behind what its file then stumbles over: first the tests are looked at.
    const [error] = module.errors()
    if (error !== undefined) broken = { verdict: 'error', detail: `${module.moduleId}: ${error.message}` }
    for (const test of module.children.allTests()) {
      const { state, errors } = test.result()
      if (state === 'passed') passed++
      if (state !== 'failed') continue
      const name = `${module.moduleId.split('/').at(-1)}: ${test.fullName}`
      if (!errors.every(({ message }) => message.startsWith('Test timed out')))
        return { verdict: 'caught', detail: name }
      late = name
    }
  }
  if (late !== undefined) return { verdict: 'time limit', detail: late }
  if (broken !== undefined) return broken
  const [outside] = vitest.state.getUnhandledErrors()
  if (outside !== undefined)
    return { verdict: 'error', detail: `outside of tests: ${/** @type {Error} */ (outside).message}` }
  if (passed === 0) return { verdict: 'error', detail: 'no test has run' }
  if (mutation !== undefined && changed === 0) return { verdict: 'error', detail: `no test reads ${mutation[1]}` }
  return { verdict: 'survived', detail: `${passed} tests passed` }
}

/**
 * The same in a process of its own, which is ended with all its workers when its time is over.
 * @param {number} at of the mutation, -1 for none
 * @param {number} seconds
 * @returns {Promise<Outcome>}
 */
async function inProcess(at, seconds) {
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), '--only', String(at)], {
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    detached: true,
  })
  /** @type {Outcome | undefined} */
  let outcome
  child.on('message', (message) => (outcome = /** @type {Outcome} */ (message)))
  const end = () => {
    try {
      process.kill(-(/** @type {number} */ (child.pid)), 'SIGKILL')
    } catch {
      // All of them have ended already.
    }
  }
  let over = false
  const timer = setTimeout(() => {
    over = true
    end()
  }, seconds * 1000)
  process.once('exit', end)
  const [code] = await once(child, 'close')
  clearTimeout(timer)
  end()
  process.off('exit', end)
  if (outcome !== undefined) return outcome
  if (over) return { verdict: 'time limit', detail: `not done after ${seconds} s` }
  return { verdict: 'error', detail: `the run ended with ${code} and said nothing` }
}

/** @param {string[]} args */
async function main([first = '1', last = String(mutations.length)]) {
  const whole = await inProcess(-1, limits.nothing)
  console.log(
    `   nothing removed: ${whole.verdict === 'survived' ? whole.detail : `${whole.verdict}, ${whole.detail}`}`,
  )
  if (whole.verdict !== 'survived') return 1
  const counts = { caught: 0, survived: 0, 'time limit': 0, error: 0 }
  for (const [at, [name]] of mutations.entries()) {
    if (at + 1 < Number(first) || at + 1 > Number(last)) continue
    const { verdict, detail } = await inProcess(at, limits.removal)
    counts[verdict]++
    console.log(`${String(at + 1).padStart(2)} ${name.padEnd(42)} ${verdict.padEnd(10)} ${detail}`)
  }
  const unproven = counts.survived + counts['time limit'] + counts.error
  console.log(
    Object.entries(counts)
      .map(([verdict, count]) => `${count} ${verdict}`)
      .join(', '),
  )
  // A run that took nothing out proves nothing.
  return unproven > 0 || counts.caught === 0 ? 1 : 0
}

const args = process.argv.slice(2)
if (args[0] === '--only') {
  const outcome = await runTests(mutations[Number(args[1])]).catch((error) => ({
    verdict: 'error',
    detail: String(error),
  }))
  process.send?.(outcome, () => process.exit(0))
} else process.exitCode = await main(args)
