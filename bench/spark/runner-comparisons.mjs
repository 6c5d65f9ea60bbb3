// The comparisons of `npm run bench:spark` that are about dstream-spark alone: what deaths, executors and tasks cost.
import { EXECUTOR, WORKER } from '../../packages/dstream-spark/test/processes.js'
import { median } from '../measure.mjs'
import { cpuBetween, killing } from './watches.mjs'

const POSTS = { job: 'memory', intervalMs: 1500, records: 100_000, tell: true }
const MEMORY = { program: 'onSpark', ...POSTS, skip: 10, keep: 15 }

/** The batches in the midst of which a process is killed. The ones between are enough for another to take its place. */
const KILLED = [15, 25, 35]
/** A batch of 100,000 posts takes longer, and its tasks are under way by then. */
const PAUSE_MS = 150
const deathOf = (word) => ({
  program: 'onSpark',
  ...POSTS,
  master: 'local-cluster[2,1,1024]',
  skip: 0,
  keep: 44,
  watch: killing(word, KILLED, PAUSE_MS),
})

/** The longest batch with a death, and the median of those before the first one, when both sides are warm. */
const deathIn = ({ samples }) => {
  const usual = median(samples.slice(KILLED[0] - 6, KILLED[0] - 1))
  return { usual, cost: Math.max(...KILLED.map((batch) => samples[batch - 1])) - usual }
}

const TASKS = Number(process.env.TASKS ?? 1000)
const TASK_BATCHES = { skip: 5, keep: 10 }
/** The processor time of a task, in ms, over all batches but the last one, which nothing ends that can be seen from outside. */
const ofTask = ({ samples, cpu }) => {
  const tasks = TASKS * (TASK_BATCHES.keep - 1)
  return { median: median(samples), ...Object.fromEntries(Object.entries(cpu).map(([kind, ms]) => [kind, ms / tasks])) }
}

export const runnerComparisons = {
  deaths: {
    title: 'SIGKILL in the midst of a batch of 100,000 posts on two executors: what it costs at most',
    sender: ['feed-sender.mjs', 100_000],
    sides: {
      jvm: { program: 'spark', job: 'start', intervalMs: 1000 },
      worker: deathOf(WORKER),
      executor: deathOf(EXECUTOR),
    },
    measure: (result) => (result.samples.length === 1 ? { startMs: result.samples[0] } : deathIn(result)),
    figures: (of) => [
      { name: 'a batch', value: of('worker', 'usual'), unit: 'ms' },
      { name: 'one in which a worker dies takes longer', value: of('worker', 'cost'), unit: 'ms', atMost: 1000 },
      {
        name: 'one in which an executor dies takes longer',
        value: of('executor', 'cost'),
        unit: 'ms',
        atMost: Math.round(of('jvm', 'startMs')) + 2000,
      },
      { name: '  a JVM until its context of Spark is there', value: of('jvm', 'startMs'), unit: 'ms' },
    ],
  },
  executors: {
    title: 'Batches of 100,000 posts on one executor of a core, and on two',
    sender: ['feed-sender.mjs', 100_000],
    sides: {
      one: { ...MEMORY, master: 'local-cluster[1,1,1024]' },
      two: { ...MEMORY, master: 'local-cluster[2,1,1024]' },
    },
    isSameResult: true,
    measure: ({ samples }) => ({ median: median(samples) }),
    figures: (of, ratio) => [
      { name: 'one executor, a batch', value: of('one', 'median'), unit: 'ms' },
      { name: 'two executors, a batch', value: of('two', 'median'), unit: 'ms' },
      { name: 'one takes longer than two', value: ratio('median', 'one', 'two'), unit: '×' },
    ],
  },
  tasks: {
    title: `A stage of ${TASKS} small tasks: the processor time of each task`,
    sides: {
      onSpark: {
        program: 'onSpark',
        intervalMs: 3000,
        records: TASKS,
        ...TASK_BATCHES,
        tell: true,
        watch: cpuBetween(TASK_BATCHES.skip + 1, TASK_BATCHES.skip + TASK_BATCHES.keep),
      },
    },
    measure: ofTask,
    figures: (of) => [
      { name: 'a batch', value: of('onSpark', 'median'), unit: 'ms' },
      { name: "the driver's Node, a task", value: of('onSpark', 'node'), unit: 'ms of CPU' },
      { name: 'the JVM, driver and executor in one, a task', value: of('onSpark', 'jvm'), unit: 'ms of CPU' },
      { name: 'the workers, a task', value: of('onSpark', 'workers'), unit: 'ms of CPU' },
    ],
  },
}
