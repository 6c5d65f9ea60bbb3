// Medians and ratios. Machines are noisy: what is compared runs alternately, in the same minute, and a ratio is the median
// of the ratios of neighbours.
import { performance } from 'node:perf_hooks'

export const median = (numbers) => {
  const sorted = [...numbers].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

export const spread = (numbers) => ({
  min: Math.min(...numbers),
  median: median(numbers),
  max: Math.max(...numbers),
})

/** Milliseconds that `f` takes. */
export const timed = async (f) => {
  const begin = performance.now()
  await f()
  return performance.now() - begin
}

/**
 * Runs the candidates by turns, `rounds` times after `warmUps`, and gives the milliseconds of each. What takes about a
 * millisecond is run `repeat` times in a turn: the collection of garbage before it leaves all caches cold. Where the
 * stops of the thread are watched too, `collect: false` leaves it to V8.
 */
export const alternately = async (candidates, { rounds = 9, warmUps = 3, repeat = 1, collect = true } = {}) => {
  const times = Object.fromEntries(Object.keys(candidates).map((name) => [name, []]))
  for (let round = -warmUps; round < rounds; round++) {
    for (const [name, run] of Object.entries(candidates)) {
      if (collect) globalThis.gc?.()
      const ms = await timed(async () => {
        for (let i = 0; i < repeat; i++) await run()
      })
      if (round >= 0) times[name].push(ms / repeat)
    }
  }
  return times
}

/** How fast `name` is against `base`: 1 is as fast, 0.5 takes twice as long. */
export const ratio = (times, name, base) => median(times[name].map((ms, i) => times[base][i] / ms))

const digits = (value) =>
  Math.abs(value) >= 100 ? value.toFixed(0) : Math.abs(value) >= 10 ? value.toFixed(1) : value.toFixed(3)

/** One line of a report: `{ name, value, unit, goal }`, with the goal judged where there is one. */
export const line = ({ name, value, unit = '', atLeast, atMost }) => {
  const goal =
    atLeast === undefined && atMost === undefined
      ? ''
      : `  (goal ${atLeast === undefined ? `≤ ${atMost}` : `≥ ${atLeast}`})`
  const met = (atLeast === undefined || value >= atLeast) && (atMost === undefined || value <= atMost)
  return `${met ? '  ' : '! '}${name.padEnd(64)} ${digits(value).padStart(10)} ${unit}${goal}`
}

/** Prints a report as lines, or as JSON with `--json`. */
export const report = (title, figures) => {
  if (process.argv.includes('--json')) console.log(JSON.stringify({ title, figures }))
  else console.log([title, ...figures.map(line), ''].join('\n'))
}
