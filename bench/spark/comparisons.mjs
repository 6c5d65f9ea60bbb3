// The comparisons of `npm run bench:spark`: the jobs of each side, the figures of a run, and what the report shows.
import { existsSync } from 'node:fs'
import { median } from '../measure.mjs'
import { runnerComparisons } from './runner-comparisons.mjs'
import { peakMemory } from './watches.mjs'

const POSTS = Number(process.env.POSTS ?? 2_000_000)
/** Each side has this time to compile its code before its batches count. */
const WARM_UP_MS = 5000

const percentile = (samples, share) => {
  const sorted = Float64Array.from(samples).sort()
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]
}
const mean = (numbers) => numbers.reduce((a, b) => a + b, 0) / numbers.length
const ofSamples = ({ samples, cpuMs, cores }) => ({
  median: median(samples),
  max: Math.max(...samples),
  cpuMs: cpuMs / samples.length,
  cores,
})

/** The records a second, and those of a second of CPU, between the first batch that ended after the warm-up and the last one. */
const rateOf = ({ samples, peakMiB }) => {
  const marks = Array.from({ length: samples.length / 3 }, (_, i) => samples.slice(3 * i, 3 * i + 3))
  const begin = marks.find(([, records]) => records > 0)
  const first = marks.find(([end]) => end - begin[0] >= WARM_UP_MS)
  const last = marks.at(-1)
  if (first === undefined || first === last) throw new Error(`${POSTS} posts end with the warm-up: set POSTS to more`)
  const [ms, records, cpuMs] = last.map((value, i) => value - first[i])
  return { rate: records / ms, ofCpu: records / cpuMs, peakMiB }
}

const ageOf = ({ samples, cores }) => {
  // The monotonic clocks of Node and Java are one only where both read the system's.
  if (samples.some((age) => age < 0 || age > 3.6e9)) throw new Error('Node and Java have different clocks here')
  return { p50: percentile(samples, 0.5) / 1000, p99: percentile(samples, 0.99) / 1000, cores }
}

const bothDo = (job) => ({ spark: { program: 'spark', ...job }, dstream: { program: 'dstream', ...job } })
/** The job on dstream-spark as well, where the jar is there. */
const allDo = (job) => ({ ...bothDo(job), ...(HAS_JAR && { onSpark: { program: 'onSpark', ...job } }) })
const HAS_JAR = existsSync(new URL('../../packages/dstream-spark/dist/dstream-spark.jar', import.meta.url))
const HAS_PROC = existsSync('/proc/self/smaps_rollup')

/** The figures of dstream-spark, where its jar is there. */
const onSpark = (figures) => (HAS_JAR ? figures : [])

/** The figures of comparisons that measure batches. @param atLeast how many times longer a batch of Spark takes, at least */
const ofBatches = (atLeast) => (of, ratio) => [
  { name: 'Spark, a batch', value: of('spark', 'median'), unit: 'ms' },
  { name: 'dstream, a batch', value: of('dstream', 'median'), unit: 'ms' },
  { name: 'Spark takes longer', value: ratio('median', 'spark', 'dstream'), unit: '×', atLeast },
  { name: 'Spark, CPU of a batch', value: of('spark', 'cpuMs'), unit: 'ms' },
  { name: 'dstream, CPU of a batch', value: of('dstream', 'cpuMs'), unit: 'ms' },
  { name: 'Spark takes more CPU', value: ratio('cpuMs', 'spark', 'dstream'), unit: '×' },
]

/** The memory of all processes of a side together. */
const memoryOf = (of, ratio) => [
  { name: 'Spark, resident memory at its peak', value: of('spark', 'peakMiB'), unit: 'MiB' },
  { name: 'dstream, resident memory at its peak', value: of('dstream', 'peakMiB'), unit: 'MiB' },
  ...onSpark([
    { name: 'dstream-spark, resident memory at its peak', value: of('onSpark', 'peakMiB'), unit: 'MiB' },
    { name: 'dstream-spark against Spark', value: ratio('peakMiB', 'onSpark', 'spark'), unit: '×', atMost: 1 },
  ]),
]

const KEYS = Number(process.env.KEYS ?? 1_000_000)
/** Spark writes all states every tenth batch of a second by default, so that means of so many batches hold two of these. */
const STATE_BATCHES = { intervalMs: 1000, skip: 20, keep: 20, keys: KEYS, touched: KEYS / 100 }

/** A comparison of a large state. The mean of a batch counts, since the median hides the batches in which Spark writes. */
const ofStates = (operator, atLeast) => ({
  title: `${operator}: ${KEYS} keys, a hundredth of which get values in a batch, with a checkpoint`,
  sides: {
    ...bothDo({ ...STATE_BATCHES, isReliable: true }),
    ...(HAS_JAR && { onSpark: { program: 'onSpark', ...STATE_BATCHES, isReliable: true, defaultParallelism: 4 } }),
  },
  isSameResult: true,
  measure: (result) => ({ ...ofSamples(result), mean: mean(result.samples) }),
  figures: (of, ratio) => [
    ...['Spark', 'dstream', ...(HAS_JAR ? ['dstream-spark'] : [])].flatMap((name) => [
      { name: `${name}, a batch, mean`, value: of(SIDES[name], 'mean'), unit: 'ms' },
      { name: '  median', value: of(SIDES[name], 'median'), unit: 'ms' },
      { name: '  longest', value: of(SIDES[name], 'max'), unit: 'ms' },
    ]),
    { name: 'Spark takes longer than dstream, mean', value: ratio('mean', 'spark', 'dstream'), unit: '×', atLeast },
    ...onSpark([
      {
        name: 'Spark takes longer than dstream-spark, mean',
        value: ratio('mean', 'spark', 'onSpark'),
        unit: '×',
        atLeast,
      },
    ]),
  ],
})
const SIDES = { Spark: 'spark', dstream: 'dstream', 'dstream-spark': 'onSpark' }

const FEED = { intervalMs: 500, records: POSTS, ...(HAS_PROC && { watch: peakMemory }) }

/** Says why a comparison cannot run here. */
export const whatIsMissing = (name) => {
  if (!Object.hasOwn(runnerComparisons, name)) return undefined
  if (!HAS_JAR) return 'dstream-spark has no jar, which "npm run jar --workspace dstream-spark" builds'
  return HAS_PROC ? undefined : 'this system has no /proc'
}

export const comparisons = {
  feed: {
    title: `Feed as fast as it is read: socket → JSON → words → reduceByKey → updateStateByKey → top, ${POSTS} posts, 500 ms`,
    sender: ['feed-sender.mjs', POSTS],
    sides: { ...allDo(FEED), threads: { program: 'dstream', threads: 2, ...FEED } },
    isSameResult: true,
    measure: rateOf,
    figures: (of, ratio) => [
      { name: 'Spark', value: of('spark', 'rate'), unit: 'K posts/s' },
      { name: 'dstream', value: of('dstream', 'rate'), unit: 'K posts/s' },
      { name: 'dstream against Spark', value: ratio('rate', 'dstream', 'spark'), unit: '×', atLeast: 2.6 },
      { name: 'Spark', value: of('spark', 'ofCpu'), unit: 'K posts per second of CPU' },
      { name: 'dstream', value: of('dstream', 'ofCpu'), unit: 'K posts per second of CPU' },
      { name: 'dstream against Spark', value: ratio('ofCpu', 'dstream', 'spark'), unit: '×' },
      { name: 'dstream, two threads', value: of('threads', 'rate'), unit: 'K posts/s' },
      { name: 'two threads against Spark', value: ratio('rate', 'threads', 'spark'), unit: '×', atLeast: 4 },
      ...onSpark([
        { name: 'dstream-spark', value: of('onSpark', 'rate'), unit: 'K posts/s' },
        { name: 'dstream-spark against Spark', value: ratio('rate', 'onSpark', 'spark'), unit: '×', atLeast: 1 },
      ]),
      ...(HAS_PROC ? memoryOf(of, ratio) : []),
    ],
  },
  memory: {
    title: 'Batches of 100,000 posts from memory: JSON → words → reduceByKey → top',
    sender: ['feed-sender.mjs', 100_000],
    sides: allDo({ intervalMs: 1500, records: 100_000, skip: 10, keep: 15 }),
    isSameResult: true,
    measure: ofSamples,
    figures: (of, ratio) => [
      ...ofBatches(1)(of, ratio),
      ...onSpark([
        { name: 'dstream-spark, a batch', value: of('onSpark', 'median'), unit: 'ms' },
        {
          name: 'Spark takes longer than dstream-spark',
          value: ratio('median', 'spark', 'onSpark'),
          unit: '×',
          atLeast: 1,
        },
      ]),
    ],
  },
  empty: {
    title: 'An empty batch with a window, a state and two outputs',
    sender: ['latency-sender.mjs', 0, 1],
    sides: allDo({ intervalMs: 500, skip: 30, keep: 20 }),
    measure: ofSamples,
    figures: (of, ratio) => [
      ...ofBatches(20)(of, ratio),
      ...onSpark([
        { name: 'dstream-spark, a batch', value: of('onSpark', 'median'), unit: 'ms' },
        { name: 'dstream-spark against Spark', value: ratio('median', 'onSpark', 'spark'), unit: '×', atMost: 1.1 },
      ]),
    ],
  },
  states: ofStates('mapWithState', 1),
  updates: ofStates('updateStateByKey', 2),
  steady: {
    title: '50,000 posts a second, batches of 1 s: from the tick until the output has the top words',
    sender: ['feed-sender.mjs', 50_000 * 40, 50_000],
    sides: bothDo({ intervalMs: 1000, skip: 12, keep: 15 }),
    measure: ofSamples,
    figures: (of, ratio) => [
      { name: 'Spark, median', value: of('spark', 'median'), unit: 'ms' },
      { name: 'dstream, median', value: of('dstream', 'median'), unit: 'ms' },
      { name: 'Spark takes longer', value: ratio('median', 'spark', 'dstream'), unit: '×', atLeast: 2 },
      { name: 'Spark, longest batch', value: of('spark', 'max'), unit: 'ms' },
      { name: 'dstream, longest batch', value: of('dstream', 'max'), unit: 'ms' },
      { name: 'Spark, cores', value: of('spark', 'cores') },
      { name: 'dstream, cores', value: of('dstream', 'cores') },
      { name: 'Spark takes more CPU', value: ratio('cpuMs', 'spark', 'dstream'), unit: '×' },
    ],
  },
  latency: {
    title: '10,000 lines a second with a state per key: the age of a line when an output has it',
    sender: ['latency-sender.mjs', 10_000, 1000],
    sides: {
      spark: { program: 'spark', intervalMs: 200, blockMs: 50, skip: 50, keep: 50 },
      dstream: { program: 'dstream', intervalMs: 200, skip: 50, keep: 50 },
      quick: { program: 'dstream', intervalMs: 5, skip: 400, keep: 1000 },
    },
    measure: ageOf,
    figures: (of, ratio) => [
      { name: 'Spark, batches of 200 ms and blocks of 50 ms, p50', value: of('spark', 'p50'), unit: 'ms' },
      { name: '  p99', value: of('spark', 'p99'), unit: 'ms' },
      { name: '  cores', value: of('spark', 'cores') },
      { name: 'dstream, batches of 200 ms, p50', value: of('dstream', 'p50'), unit: 'ms' },
      { name: '  p99', value: of('dstream', 'p99'), unit: 'ms' },
      { name: '  cores', value: of('dstream', 'cores') },
      { name: 'dstream, batches of 5 ms, p50', value: of('quick', 'p50'), unit: 'ms' },
      { name: '  p99', value: of('quick', 'p99'), unit: 'ms' },
      { name: '  cores', value: of('quick', 'cores') },
      {
        name: 'Spark takes longer in the same batches, p50',
        value: ratio('p50', 'spark', 'dstream'),
        unit: '×',
        atLeast: 1,
      },
      {
        name: 'Spark takes longer than batches of 5 ms, p50',
        value: ratio('p50', 'spark', 'quick'),
        unit: '×',
        atLeast: 10,
      },
    ],
  },
  ...runnerComparisons,
}
