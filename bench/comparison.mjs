// @ts-check
// Compares the figures of two programs over paired rounds.
import { median } from './measure.mjs'

/**
 * @typedef {{ name: string, value: number, unit?: string, atLeast?: number, atMost?: number }} Figure
 * @typedef {{ title: string, figures: Figure[] }} Report
 * @typedef {{ name: string, ratio: number, before: number, after: number, unit: string, slower: boolean }} Change
 */

/** Units in which less is better; ratios, and records per second, are better when they are more. */
const LESS_IS_BETTER = new Set(['ms', 'µs', 'ns', 's', 'MiB', 'bytes', 'cores'])

/** Whether a figure is better when it is smaller. A goal says so; else its unit does. */
export const lessIsBetter = (/** @type {Figure} */ { unit = '', atLeast, atMost }) =>
  atMost !== undefined || (atLeast === undefined && LESS_IS_BETTER.has(unit))

/** Each figure of a round under one name: benchmarks repeat the indented names of their parts. */
const named = (/** @type {Report[]} */ reports) => {
  /** @type {Map<string, Figure>} */
  const figures = new Map()
  for (const { title, figures: all } of reports) {
    let group = ''
    for (const figure of all) {
      if (!/^\s/.test(figure.name)) group = figure.name
      const name = group === figure.name ? figure.name : `${group} › ${figure.name.trim()}`
      figures.set(`${title}: ${name}`, figure)
    }
  }
  return figures
}

/**
 * The change of each figure that both programs have: the median of the ratios of neighbouring rounds, as speed, so that
 * 0.97 is 3 % slower whatever the unit.
 *
 * @param {Report[][]} before the reports of each round
 * @param {Report[][]} after as many rounds
 * @param {number} tolerance a change is slower when its ratio is below 1 − tolerance
 * @returns {Change[]}
 */
export const compare = (before, after, tolerance = 0.03) => {
  const pairs = before.map((reports, i) => /** @type {const} */ ([named(reports), named(after[i] ?? [])]))
  const names = new Set(pairs.flatMap(([a]) => [...a.keys()]))
  return [...names].flatMap((name) => {
    const both = pairs.flatMap(([a, b]) => {
      const [x, y] = [a.get(name), b.get(name)]
      return x === undefined || y === undefined ? [] : [/** @type {const} */ ([x, y])]
    })
    const [first] = both
    if (first === undefined) return []
    const ratios = both.map(([x, y]) => (lessIsBetter(x) ? x.value / y.value : y.value / x.value))
    const ratio = median(ratios)
    return [
      {
        name,
        ratio,
        before: median(both.map(([x]) => x.value)),
        after: median(both.map(([, y]) => y.value)),
        unit: first[0].unit ?? '',
        slower: ratio < 1 - tolerance,
      },
    ]
  })
}

/** @param {Change} change */
export const changeLine = ({ name, ratio, before, after, unit, slower }) =>
  `${slower ? '! ' : '  '}${ratio.toFixed(3)}  ${before.toPrecision(4)} → ${after.toPrecision(4)} ${unit}  ${name}`
