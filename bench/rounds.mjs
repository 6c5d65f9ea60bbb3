// @ts-check
// Runs the benchmarks of a checkout and collects their reports.
import { spawn } from 'node:child_process'
import { join } from 'node:path'

/**
 * @param {string} root a checkout whose packages are built
 * @param {string[]} words only benchmarks whose names contain one of them
 * @returns {Promise<import('./comparison.mjs').Report[]>}
 */
export const reportsOf = async (root, words) => {
  const child = spawn(process.execPath, ['--expose-gc', join(root, 'bench/run.mjs'), ...words, '--json'], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.on('data', (chunk) => (output += chunk))
  const code = await new Promise((resolve) => child.once('close', resolve))
  if (code !== 0) throw new Error(`The benchmarks of ${root} ended with ${code}`)
  return output
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line))
}
