import { isDeepStrictEqual } from 'node:util'
import type { Trace, Word } from './lives.js'

/**
 * What a job has left behind after crashes, against the same job without one. What each output was given for a batch is
 * the same, however often; each batch that was done there is done here; outputs of one life came in order, and what one
 * is owed before all else that it is given; a batch that was begun in an earlier life says `replayed`, and one that was
 * committed does not come again, unless it is owed.
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
function isSettled({ life, time, failed }: Word, { endings }: Trace): boolean {
  const committed = endings[life]!.committed ?? -Infinity
  const before = endings.slice(0, life).map((ending) => ending.committed ?? -Infinity)
  return !failed && committed >= time && committed > Math.max(-Infinity, ...before)
}

/** It has failed, and no batch has come since that would have it run again first. */
function waits(word: Word, { words }: Trace): boolean {
  return words.some((other) => other.failed && placeOf(other) === placeOf(word) && other.life === words.at(-1)!.life)
}

function misplaced(word: Word, trace: Trace): string | undefined {
  const { life, time, output, attempt, replayed } = word
  const { words, endings } = trace
  const here = words.filter((other) => other.life === life)
  const sooner = here.slice(0, here.indexOf(word))
  const owed = isOwed(word, trace)
  const earlier = words.filter((other) => other.life < life && other.output === output && other.time === time)
  if (earlier.some((other) => isSettled(other, trace))) return 'had been committed'
  const begun = endings.slice(0, life).some((ending) => ending.begun >= time)
  if (replayed && !begun) return 'says that it is replayed'
  if (!replayed && (earlier.length > 0 || owed)) return 'does not say that it is replayed'
  if (owed) {
    if (attempt !== 1) return 'is no first attempt'
    // It may have to wait for an operator, and other outputs go on meanwhile.
    return sooner.some((other) => other.output === output && other.time >= time) ? 'came out of order' : undefined
  }
  const before = sooner.filter((other) => !isOwed(other, trace)).at(-1)
  if (before === undefined) return attempt === 1 ? undefined : 'is no first attempt'
  const again = before.time === time && before.output === output
  if (again) return before.failed && attempt === before.attempt + 1 ? undefined : 'came twice'
  if (attempt !== 1) return 'is no first attempt'
  const inOrder = before.time < time || (before.time === time && before.output < output)
  return inOrder ? undefined : 'came out of order'
}
