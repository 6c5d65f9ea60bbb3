import { isDeepStrictEqual } from 'node:util'
import type { Trace, Word } from './lives.js'

/**
 * What a job has left behind after crashes, against the same job without one. What each output was given for a batch is
 * the same, however often; each batch that was done there is done here; the batches of one output come in order of time; a
 * batch that was begun in an earlier life says `replayed`, and one that was done in a committed batch does not come again.
 *
 * @returns what is wrong
 */
export function differ(expected: Trace, found: Trace): string | undefined {
  const given = new Map(expected.words.map((word) => [placeOf(word), word]))
  const done = new Set<string>()
  for (const word of found.words) {
    const before = given.get(placeOf(word))
    // What an operator that was held up could not give in its own batch may come later, in the next life.
    if (before === undefined && !isOwed(word, found)) return `${text(word)} came, and never comes without a crash`
    if (before !== undefined && !isDeepStrictEqual(word.records, before.records)) {
      return `${text(word)} came instead of ${text(before)}`
    }
    const wrong = misplaced(word, found)
    if (wrong !== undefined) return `${text(word)} ${wrong}`
    if (!word.failed) done.add(placeOf(word))
  }
  for (const word of expected.words) {
    if (!word.failed && !done.has(placeOf(word)) && !waits(word, found)) return `${text(word)} never came`
  }
  for (const error of expected.errors) if (!found.errors.has(error)) return `the error "${error}" never came`
  if (!isDeepStrictEqual([...found.store].sort(byTime), [...expected.store].sort(byTime))) {
    return `the store holds ${JSON.stringify([...found.store])} instead of ${JSON.stringify([...expected.store])}`
  }
  if (isDeepStrictEqual(found.states, expected.states)) return undefined
  return `the states are ${JSON.stringify(found.states)} instead of ${JSON.stringify(expected.states)}`
}

function byTime([a]: readonly [number, unknown], [b]: readonly [number, unknown]): number {
  return a - b
}
function placeOf({ output, time }: Word): string {
  return `${output} at ${time}`
}
function text({ output, time, records, life }: Word): string {
  return `what output ${output} was given at ${time} in life ${life}, ${JSON.stringify(records)},`
}

/** Its batch was committed before this life: it can only be here because it had failed. */
function isOwed({ life, time }: Word, { found }: Trace): boolean {
  return (found[life] ?? -Infinity) >= time
}

/** It went well, and a commit of its life says so. */
function isSettled({ life, batch, failed }: Word, { endings }: Trace): boolean {
  return !failed && (endings[life]!.committed ?? -Infinity) >= batch
}

/** It, or an earlier batch of its output, has failed, and no life has come since that would have it run again first. */
function waits({ output, time }: Word, { words, endings }: Trace): boolean {
  const last = words.filter((other) => other.output === output).at(-1)
  return last !== undefined && last.failed && last.time <= time && last.life === endings.length - 1
}

function misplaced(word: Word, trace: Trace): string | undefined {
  const { life, time, output, attempt, replayed, batch } = word
  const { words, endings } = trace
  const here = words.filter((other) => other.life === life)
  const sooner = here.slice(0, here.indexOf(word))
  const earlier = words.filter((other) => other.life < life && other.output === output && other.time === time)
  if (earlier.some((other) => isSettled(other, trace))) return 'had been committed'
  const begun = endings.slice(0, life).some((ending) => ending.begun >= time)
  if (replayed && !begun) return 'says that it is replayed'
  if (!replayed && (earlier.length > 0 || isOwed(word, trace))) return 'does not say that it is replayed'
  const before = sooner.filter((other) => other.output === output).at(-1)
  if (before?.time === time) return before.failed && attempt === before.attempt + 1 ? undefined : 'came twice'
  if (attempt !== 1) return 'is no first attempt'
  if (before !== undefined && before.time > time) return 'came out of order'
  // Outputs that are not behind run in the order of their definition.
  const beside = sooner.filter((other) => other.batch === batch && other.time === time && time === batch)
  return beside.some((other) => other.output > output) ? 'came out of order' : undefined
}
