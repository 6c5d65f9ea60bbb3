// What a state costs the thread of the batches where workers update its partitions and nobody reads it there: the bytes that it holds a
// key, and its own time a batch. It has a share of the partitions, which it holds as objects; those of the workers are the others.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { median, report } from './measure.mjs'

const KEYS = 2_000_000
const FILLED_AT_ONCE = 200_000
/** The batches until partitions are packed, and some more. */
const WARM_UPS = 24
const ROUNDS = 9

const job = fileURLToPath(new URL('state-driver-job.mjs', import.meta.url))

const measure = async (threads, numPartitions) => {
  const child = fork(job, [String(threads), String(numPartitions)], { execArgv: ['--expose-gc'] })
  await once(child, 'message')
  const run = async (touched) => {
    child.send(touched)
    return (await once(child, 'message'))[0]
  }
  const empty = await run(10)
  for (let filled = 0; filled < KEYS; filled += FILLED_AT_ONCE) await run(FILLED_AT_ONCE)
  for (let i = 0; i < WARM_UPS; i++) await run(10_000)
  const some = []
  for (let i = 0; i < ROUNDS; i++) some.push(await run(10_000))
  const held = some.at(-1)
  const many = []
  for (let i = 0; i < ROUNDS; i++) many.push(await run(FILLED_AT_ONCE))
  child.kill()
  return {
    heap: (held.heapUsed - empty.heapUsed) / KEYS,
    buffers: (held.arrayBuffers - empty.arrayBuffers) / KEYS,
    some: median(some.map(({ busyMs }) => busyMs)),
    many: median(many.map(({ busyMs }) => busyMs)),
    someMs: median(some.map(({ ms }) => ms)),
    manyMs: median(many.map(({ ms }) => ms)),
  }
}

for (const [threads, numPartitions] of [
  [3, 4],
  [8, 8],
]) {
  const { heap, buffers, some, many, someMs, manyMs } = await measure(threads, numPartitions)
  const share = Math.ceil(numPartitions / threads)
  report(`A state of 2 M keys, ${numPartitions - share} of ${numPartitions} partitions in ${threads - 1} workers`, [
    { name: 'heap a key', value: heap, unit: 'bytes' },
    { name: 'buffers a key', value: buffers, unit: 'bytes' },
    { name: '10 k touched: a batch', value: someMs, unit: 'ms' },
    { name: '  of which this thread is busy', value: some, unit: 'ms' },
    { name: '200 k touched: a batch', value: manyMs, unit: 'ms' },
    { name: '  of which this thread is busy', value: many, unit: 'ms' },
  ])
}
