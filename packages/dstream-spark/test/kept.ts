import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

// What the job upserts.mjs leaves in its folder.

/** Returns what the output has kept, in order of the batch times. */
export function kept(state: string): string[] {
  const out = join(state, 'out')
  const names = existsSync(out) ? readdirSync(out).filter((name) => name.endsWith('.json')) : []
  const times = names.map((name) => Number.parseInt(name)).sort((a, b) => a - b)
  return times.map((time) => readFileSync(join(out, `${time}.json`), 'utf8'))
}

/** Returns the batch times with which the output was called, in order of the calls. */
export function calls(state: string): number[] {
  return readFileSync(join(state, 'calls'), 'utf8').trim().split('\n').map(Number)
}
