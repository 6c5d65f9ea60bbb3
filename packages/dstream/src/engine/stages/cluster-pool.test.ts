import { expect, test } from 'vitest'
import type { BlockFetch, BlockStage, Cluster, ClusterStage } from '../../base/ports.js'
import { eventLoopYielder } from '../../platform/event-loop-yielder.js'
import { stringLists } from '../../platform/string-lists.js'
import type { CallPlan, MergePlan, SavePlan, StagePlan, Task, UpdatePlan } from '../../rdd/plan/stage-runner.js'
import { ClusterPool } from './cluster-pool.js'
import type { TaskFrame } from './frames.js'
import { TaskQueue, type Reply } from './task-queue.js'

const mapSide: StagePlan = { steps: [], create: undefined, merge: 'add', ownsValues: false }
const call: CallPlan = { steps: [], call: 'output' }
const parts: SavePlan = { steps: [], save: 'text', groups: undefined }
const failed: Reply = { type: 'failed', id: 0, forGood: false, reason: 'there is no function' }

const silent = (): void => undefined

/** What a cluster that is up does with stages. */
type Running = Omit<Cluster, 'start' | 'isUp' | 'end'>

/** Returns a pool of a cluster that is up, and the warnings that it logs. */
function poolOf(cluster: Running): { pool: ClusterPool; warnings: string[] } {
  const warnings: string[] = []
  const warn = (_: object, text: string): void => void warnings.push(text)
  const logger = { debug: silent, info: silent, error: silent, warn }
  const start = (): Promise<string> => Promise.resolve('a cluster')
  const up: Cluster = { ...cluster, start, isUp: () => true, end: () => Promise.resolve() }
  return { pool: new ClusterPool({ cluster: up, logger, yielder: eventLoopYielder, stringLists }), warnings }
}

/** Offers a stage of three partitions to a cluster, and notes what becomes of it. */
async function offered(
  plan: StagePlan | CallPlan | SavePlan,
  { speculates = false, signal = new AbortController().signal } = {},
) {
  const stages: ClusterStage[] = []
  let cancelled = 0
  const cluster: Running = {
    speculates: () => speculates,
    run: (stage) => {
      stages.push(stage)
      return () => void cancelled++
    },
  }
  const { pool, warnings } = poolOf(cluster)
  const settled = new Map<number, Reply | undefined>()
  const tasks = [0, 1, 2].map((partition): Task => {
    return { partition, plan, input: { records: [partition] }, attempt: undefined, signal, count: silent }
  })
  const queue = new TaskQueue(
    tasks.map((task) => ({ task, settle: (reply) => void settled.set(task.partition, reply) })),
  )
  pool.queues.add(queue)
  while (queue.size === 0 && stages.length === 0) await new Promise(setImmediate)
  return { stages, warnings, settled, queue, cancelled: () => cancelled, end: () => pool.queues.delete(queue) }
}

test.each<[string, StagePlan | CallPlan | SavePlan, boolean, number]>([
  ['a map side goes to the cluster', mapSide, false, 3],
  ['a map side goes to a cluster that speculates', mapSide, true, 3],
  ['the parts of a directory go to a cluster that speculates', parts, true, 3],
  ['the calls of an output go to the cluster', call, false, 3],
  ['the calls of an output stay in the driver where the cluster speculates', call, true, 0],
])('%s', async (_, plan, speculates, count) => {
  const { stages, queue } = await offered(plan, { speculates })
  expect(stages.flatMap(({ tasks }) => tasks.map((task) => (task as TaskFrame).partition))).toHaveLength(count)
  expect(queue.size).toBe(3 - count)
})

test('an attempt that is aborted ends its stage; what has no reply is settled without one', async () => {
  const controller = new AbortController()
  const { stages, settled, cancelled, warnings, end } = await offered(call, { signal: controller.signal })
  stages[0]!.reply(1, failed)
  controller.abort()
  expect(cancelled()).toBe(1)
  expect([...settled].sort(([a], [b]) => a - b)).toEqual([[0, undefined], [1, failed], [2, undefined]]) // prettier-ignore
  end()
  expect(warnings).toEqual([])
})

test('a stage that the cluster gives up is done in the driver, and a warning says how much of it', async () => {
  const { stages, settled, warnings } = await offered(mapSide)
  stages[0]!.reply(0, failed)
  stages[0]!.ended('an executor was lost')
  expect([...settled.values()]).toEqual([failed, undefined, undefined])
  expect(warnings).toEqual([expect.stringMatching(/2 tasks of a stage.*an executor was lost/)])
})

test('tasks that are asked for again are a stage of their own, and tasks of a state name their places', async () => {
  const stages: ClusterStage[] = []
  const cluster: Running = {
    speculates: () => false,
    run: (stage) => (stages.push(stage), () => undefined),
  }
  const { pool } = poolOf(cluster)
  const replies: (Reply | undefined)[] = []
  const taskOf = (partition: number, withBase: boolean): Task<UpdatePlan> => {
    const base = withBase ? { version: 1000, pieces: () => [[['a'], [1], [1000], null, null]] } : undefined
    const state = { records: [], time: 2000, on: 'a copy', base, keys: 1, wantsEntries: false }
    return { partition, plan: { state: 'states', partition }, input: { state }, count: silent }
  }
  const queue = new TaskQueue(
    [0, 1].map((partition) => ({
      task: taskOf(partition, false),
      settle: (reply) => {
        if (reply?.type !== 'wanting') return void replies.push(reply)
        queue.add({ task: taskOf(partition, true), settle: (again) => void replies.push(again) })
      },
    })),
  )
  pool.queues.add(queue)
  const stage = async (n: number): Promise<ClusterStage> => {
    while (stages.length <= n) await new Promise(setImmediate)
    return stages[n]!
  }
  const first = await stage(0)
  expect(first.places).toEqual(['states/0', 'states/1'])
  const counts = { changed: 0, removed: 0, createdAndDropped: 0, grown: 0, size: 1, oldestTouch: undefined }
  const updated: Reply = { type: 'updated', id: 0, copy: 'a newer copy', changes: [], counts, emitted: [] }
  first.reply(0, updated)
  first.reply(1, { type: 'wanting', id: 1 })
  expect(stages).toHaveLength(1)
  first.ended(undefined)
  const second = await stage(1)
  expect(second.places).toEqual(['states/1'])
  const [{ input }] = second.tasks as readonly [TaskFrame]
  expect(input).toMatchObject({ state: { on: 'a copy', base: { version: 1000 } } })
  second.reply(0, updated)
  second.ended(undefined)
  pool.queues.delete(queue)
  expect(replies).toEqual([updated, updated])
})

test('a stage that ends early is cancelled', async () => {
  const { end, cancelled } = await offered(mapSide)
  end()
  expect(cancelled()).toBe(1)
})

/** Begins a map side of three partitions whose tables have stayed, with numbers of its tasks that differ from those of its partitions. */
async function left() {
  const stages: ClusterStage[] = []
  const over: BlockStage[] = []
  const fetches: BlockFetch[] = []
  const forgotten: string[] = []
  let ends = 0
  const cluster: Running = {
    speculates: () => false,
    run: (stage) => (stages.push(stage), () => undefined),
    blocks: {
      run: (stage) => (over.push(stage), () => void ends++),
      fetch: (fetch) => (fetches.push(fetch), () => void ends++),
      forget: (name) => void forgotten.push(name),
    },
  }
  const { pool, warnings } = poolOf(cluster)
  const division = { buckets: 2, mostBytes: 0 }
  const queue = new TaskQueue(
    [1, 3, 4].map((partition) => ({
      task: { partition, plan: mapSide, input: { records: [] }, division, count: silent },
      settle: silent,
    })),
  )
  pool.queues.add(queue)
  while (stages.length === 0) await new Promise(setImmediate)
  for (const task of [0, 1, 2]) stages[0]!.reply(task, { type: 'left', id: task, pairs: 1, taken: [], given: [] })
  stages[0]!.ended(undefined)
  const plan: MergePlan = { combiners: 'add', keepsOrder: false }
  const task: Task<MergePlan> = { partition: 0, plan, input: { records: [] }, count: silent }
  const added = [{ partition: 2, blocks: [new Uint8Array([1]), new Uint8Array(0)] }]
  return {
    name: stages[0]!.leaves,
    ...{ pool, queue, over, fetches, forgotten, warnings, ends: () => ends },
    merge: () => pool.leftBlocks!.merge(queue, { task, left: [1, 4], added, buckets: 2 }),
    fetch: () => pool.leftBlocks!.fetch(queue, [3, 4]),
    end: () => pool.queues.delete(queue),
  }
}

test('blocks are merged in order of their partitions, and forgotten with their stage', async () => {
  const { merge, over, name, end, forgotten } = await left()
  const replies = merge()
  expect(over).toMatchObject([
    {
      from: name,
      left: [
        { task: 0, order: 1 },
        { task: 2, order: 4 },
      ],
      added: [{ order: 2, bucket: 0, block: new Uint8Array([1]) }],
      buckets: [0, 1],
      tasks: [
        { type: 'task', plan: { combiners: 'add' } },
        { type: 'task', plan: { combiners: 'add' } },
      ],
    },
  ])
  over[0]!.reply(1, failed)
  over[0]!.ended(undefined)
  expect(await replies).toEqual(new Map([[1, failed]]))
  expect(forgotten).toEqual([])
  end()
  expect(forgotten).toEqual([name])
})

test('blocks come back by partition; those that are lost are missing', async () => {
  const { fetch, fetches, end, warnings } = await left()
  const blocks = fetch()
  expect(fetches[0]!.tasks).toEqual([1, 2])
  fetches[0]!.reply(2, [new Uint8Array(0), new Uint8Array([7])])
  fetches[0]!.ended('an executor was lost')
  expect(await blocks).toEqual(new Map([[4, [new Uint8Array([7])]]]))
  expect(warnings).toEqual([expect.stringMatching(/has not sent what a map side has left.*an executor was lost/)])
  end()
})

test('a stage that ends early ends what is done with its blocks', async () => {
  const { merge, ends, end, name, forgotten } = await left()
  const merged = merge()
  end()
  expect(await merged).toBeUndefined()
  expect(ends()).toBe(1)
  expect(forgotten).toEqual([name])
})

test('a merging that the cluster gives up has no replies', async () => {
  const { merge, over, warnings, end } = await left()
  const merged = merge()
  over[0]!.reply(0, failed)
  over[0]!.ended('an executor was lost')
  expect(await merged).toBeUndefined()
  expect(warnings).toEqual([expect.stringMatching(/has not merged what a map side has left/)])
  end()
})

test('updates are given the blocks of their partitions; one that is asked for again gets them once more', async () => {
  const { pool, queue, over, name, end } = await left()
  const replies: (Reply | undefined)[] = []
  const taskOf = (partition: number): Task<UpdatePlan> => {
    const merge: MergePlan = { combiners: 'add', keepsOrder: false }
    const state = {
      records: [],
      merge,
      time: 2000,
      on: 'a copy',
      base: undefined,
      keys: 1,
      wantsEntries: false,
    }
    return { partition, plan: { state: 'states', partition }, input: { state }, count: silent }
  }
  const all = { queue, left: [1, 4], added: [{ partition: 2, blocks: [new Uint8Array([1]), new Uint8Array(0)] }] }
  const updates: TaskQueue = new TaskQueue(
    [0, 1].map((partition) => ({
      task: taskOf(partition),
      settle: (reply) => {
        if (reply?.type !== 'wanting') return void replies.push(reply)
        updates.add({ task: taskOf(partition), settle: (again) => void replies.push(again) })
      },
    })),
    all,
  )
  pool.queues.add(updates)
  const stage = async (n: number): Promise<BlockStage> => {
    while (over.length <= n) await new Promise(setImmediate)
    return over[n]!
  }
  const blocks = {
    from: name,
    left: [
      { task: 0, order: 1 },
      { task: 2, order: 4 },
    ],
    added: [{ order: 2, bucket: 0, block: new Uint8Array([1]) }],
  }
  const first = await stage(0)
  expect(first).toMatchObject({ ...blocks, buckets: [0, 1], places: ['states/0', 'states/1'] })
  expect(first.tasks).toMatchObject([{ input: { state: { merge: { combiners: 'add' } } } }, { partition: 1 }])
  first.reply(1, { type: 'wanting', id: 1 })
  first.ended('an executor was lost')
  const second = await stage(1)
  expect(second).toMatchObject({ ...blocks, buckets: [1], places: ['states/1'] })
  second.ended(undefined)
  expect(replies).toEqual([undefined, undefined])
  pool.queues.delete(updates)
  end()
})
