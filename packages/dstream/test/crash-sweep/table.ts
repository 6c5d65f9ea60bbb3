import { crashPoints } from 'dstream/testing'
import { expect } from 'vitest'
import { graphs } from './graphs.js'
import { Lives } from './lives.js'
import type { Counts } from './sweep.js'

const names = Object.keys(graphs)
function sum(numbers: Iterable<number>): number {
  return [...numbers].reduce((a, b) => a + b, 0)
}

export function runsOf(counts: Counts): number {
  return sum([...counts.values()].flatMap((cells) => [...cells.values()]))
}

/** Rows are steps and calls, columns are graphs, cells are runs; `–` is where there is nothing to cut. */
export function tableOf(counts: Counts): string {
  const rows = [...counts].sort(([a], [b]) => rank(a) - rank(b))
  const width = Math.max(...rows.map(([row]) => row.length))
  const line = (row: string, cells: readonly (string | number)[]): string =>
    row.padEnd(width) + cells.map((cell, i) => String(cell).padStart(i === names.length ? 7 : 5)).join('')
  const columns = names.map((name) => sum(rows.map(([, cells]) => cells.get(name) ?? 0)))
  return [
    line('', [...names.map((_, i) => i + 1), 'all']),
    ...rows.map(([row, cells]) => line(row, [...names.map((name) => cells.get(name) ?? '–'), sum(cells.values())])),
    line('all', [...columns, sum(columns)]),
    '',
    ...names.map((name, i) => `${String(i + 1).padStart(3)}  ${name}`),
  ].join('\n')
}

/** Steps in the order in which they are defined, then calls; first lives, then recoveries. */
function rank(row: string): number {
  const again = row.startsWith('again, ')
  const step = crashPoints.indexOf(row.replace('again, ', ''))
  return (again ? 2 * crashPoints.length : 0) + (step < 0 ? crashPoints.length : step)
}

/**
 * Steps that a graph cannot come to: a snapshot has no parts where no operator has a state and no window reads what
 * cannot be read again from the journal.
 */
function cannotOccur(name: string, step: string): boolean {
  const { nodes } = new Lives(graphs[name]!, 'nowhere').plan()
  const keeps = nodes.some(
    ({ stateful, parents, rememberMs, slideMs }) => stateful || (parents.length > 0 && rememberMs > slideMs),
  )
  return step === 'snapshot:part-put' && !keeps
}

/** Each graph was cut at each step in its first life and in a recovery, unless it cannot come there; and then it does not. */
export function expectEveryCell(counts: Counts): void {
  for (const name of names) {
    for (const step of crashPoints) {
      for (const row of [step, `again, ${step}`]) {
        const runs = counts.get(row)?.get(name) ?? 0
        expect(runs > 0, `${row}, ${name}: ${runs} runs`).toBe(!cannotOccur(name, step))
      }
    }
  }
}
