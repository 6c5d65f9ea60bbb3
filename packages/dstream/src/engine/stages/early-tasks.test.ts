import { expect, test } from 'vitest'
import type { StagePlan, Task } from '../../rdd/plan/stage-runner.js'
import { EarlyTasks } from './early-tasks.js'
import { StageNotes } from './stage-notes.js'
import { TaskQueue, TaskQueues, type Reply, type TaskPool } from './task-queue.js'

const sums: StagePlan = { steps: [], create: undefined, merge: 'reduceByKey#1:0', ownsValues: false }
const lists: StagePlan = { ...sums, merge: 'groupByKey#1:0' }
const done: Reply = {
  type: 'done',
  id: 1,
  table: new Uint8Array(),
  taken: [],
  given: [],
  read: undefined,
  added: undefined,
}

function block(stream = 0, length = 10) {
  return { bytes: new Uint8Array(length), codec: { stream, id: 'lines' } }
}

function taskOf(received: ReturnType<typeof block>, plan = sums): Task<StagePlan> {
  return { partition: 1, plan, input: { encoded: { ...received, counted: () => undefined } }, count: () => undefined }
}

/** Early tasks after a batch of stream 0 that has run the stage of the sums. */
function afterBatch(notes = new StageNotes()) {
  const queues = new TaskQueues(() => undefined)
  const pool: TaskPool = { size: 1, leastBytes: 10, sharesStates: true, queues, early: queues.early }
  const early = new EarlyTasks(notes)
  early.newBatch(0)
  early.learn([taskOf(block())])
  return { early, pool, queues }
}

test('a batch gets the reply of a task that a worker has begun, once', async () => {
  const { early, pool, queues } = afterBatch()
  const received = block()
  early.begin(received, pool)
  const begun = queues.next()!
  expect(begun.task.input).toMatchObject({ encoded: received })
  const reply = early.take(taskOf(received, { ...sums }), pool)
  begun.settle(done)
  expect(await reply).toBe(done)
  expect(early.take(taskOf(received), pool)).toBeUndefined()
})

test('a task that no worker has begun goes back to the batch', () => {
  const { early, pool, queues } = afterBatch()
  const received = block()
  early.begin(received, pool)
  expect(early.take(taskOf(received), pool)).toBeUndefined()
  expect(queues.next()).toBeUndefined()
})

test('a batch that runs another stage, reads broadcasts, or makes functions of its own takes nothing', () => {
  for (const other of [{ plan: lists }, { broadcasts: [] }, { bodies: [] }]) {
    const { early, pool, queues } = afterBatch()
    const received = block()
    early.begin(received, pool)
    queues.next()!.settle(done)
    expect(early.take({ ...taskOf(received), ...other }, pool)).toBeUndefined()
  }
})

test('a block has a task of each stage, which batches take apart', async () => {
  const { early, pool, queues } = afterBatch()
  early.learn([taskOf(block(), lists)])
  const received = block()
  early.begin(received, pool)
  const [first, second] = [queues.next()!, queues.next()!]
  expect([first.task.plan, second.task.plan]).toEqual([sums, lists])
  const other: Reply = { ...done, id: 2 }
  first.settle(done)
  second.settle(other)
  expect(await early.take(taskOf(received, lists), pool)).toBe(other)
  expect(await early.take(taskOf(received), pool)).toBe(done)
})

test('nothing begins early that is small, of a stream without a stage, or without workers', () => {
  const { early, pool, queues } = afterBatch()
  early.begin(block(0, 9), pool)
  early.begin(block(1), pool)
  early.begin(block(), undefined)
  early.begin(block(), { ...pool, size: 0 })
  early.begin(block(), { ...pool, early: undefined })
  expect(queues.size).toBe(0)
})

test('nothing begins early of a stage that workers cannot do, or that the last batch has not run', () => {
  const notes = new StageNotes()
  const { early, pool, queues } = afterBatch(notes)
  early.newBatch(0)
  early.begin(block(), pool)
  expect(queues.size).toBe(1)
  early.newBatch(0)
  early.begin(block(), pool)
  expect(queues.size).toBe(1)
  early.learn([taskOf(block())])
  notes.replied(taskOf(block()), { type: 'failed', id: 1, forGood: true, reason: 'a test' })
  early.begin(block(), pool)
  expect(queues.size).toBe(1)
})

test('a stage that depends on the batch is not learned', () => {
  const { early, pool, queues } = afterBatch()
  early.learn([
    { ...taskOf(block(1)), bodies: [] },
    { ...taskOf(block(2)), broadcasts: [] },
    { ...taskOf(block()), input: { records: [1] } },
  ])
  early.begin(block(1), pool)
  early.begin(block(2), pool)
  expect(queues.size).toBe(0)
})

test('workers take the tasks of stages first', () => {
  const { early, pool, queues } = afterBatch()
  early.begin(block(), pool)
  const ofStage = { task: taskOf(block(), lists), settle: () => undefined }
  queues.add(new TaskQueue([ofStage]))
  expect(queues.size).toBe(2)
  expect(queues.next()).toBe(ofStage)
  expect(queues.next()?.task.plan).toBe(sums)
})
