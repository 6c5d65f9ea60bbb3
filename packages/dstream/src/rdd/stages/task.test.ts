import { RDDContext } from 'dstream'
import { expect, test } from 'vitest'
import { Evaluation } from '../plan/evaluation.js'
import type { AnyFunction } from '../plan/lineage.js'
import { runtimeOf } from '../plan/runtime.js'
import type { AddressOf } from '../plan/stage-runner.js'
import { mapSideTasks } from './task.js'

const sc = new RDDContext()
const next = (n: number): number => n + 1
const pair = (n: number): [number, number] => [n % 2, n]
const add = (a: number, b: number): number => a + b
const names = new Map<AnyFunction, string>([next, pair, add].map((f) => [f as AnyFunction, f.name]))

/** Returns the tasks of all partitions, and how often an address was asked for. */
function tasksOf(rdd: { readonly node: Parameters<typeof mapSideTasks>[0]['parent'] }) {
  let asked = 0
  const addressOf: AddressOf = (f) => (asked++, names.get(f))
  const side = { parent: rdd.node, create: undefined, merge: add, ownsValues: false }
  const { taskOf } = mapSideTasks(side, new Evaluation(runtimeOf({ codegen: 'auto' })))
  const tasks = Array.from({ length: rdd.node.numPartitions }, (_, i) => taskOf(i, addressOf))
  return { tasks, asked }
}

test('partitions that go through the same steps share one plan, which is made once', () => {
  const { tasks, asked } = tasksOf(
    sc
      .parallelize([...Array(1000).keys()], { numPartitions: 1000 })
      .map(next)
      .map(pair),
  )
  const [first] = tasks
  expect(first!.plan).toEqual({
    steps: [
      { op: 'map', f: 'next' },
      { op: 'map', f: 'pair' },
    ],
    create: undefined,
    merge: 'add',
    ownsValues: false,
  })
  expect(new Set(tasks.map((task) => task!.plan))).toEqual(new Set([first!.plan]))
  expect(tasks.every((task) => task!.plan === first!.plan)).toBe(true)
  expect(asked).toBe(3)
})

test('partitions of other steps have plans of their own', () => {
  const numbers = sc.parallelize([1, 2, 3, 4], { numPartitions: 2 })
  const { tasks } = tasksOf(numbers.map(pair).union(numbers.map(next).map(pair)))
  expect(tasks.map((task) => task!.plan.steps.map(({ f }) => f))).toEqual([
    ['pair'],
    ['pair'],
    ['next', 'pair'],
    ['next', 'pair'],
  ])
})

test('a function without an address leaves its partitions here, and those beside them not', () => {
  const numbers = sc.parallelize([1, 2, 3, 4], { numPartitions: 2 })
  const { tasks } = tasksOf(numbers.map((n) => pair(n)).union(numbers.map(pair)))
  expect(tasks.map((task) => task !== undefined)).toEqual([false, false, true, true])
})
