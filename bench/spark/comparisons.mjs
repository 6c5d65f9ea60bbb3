// The comparisons of `npm run bench:spark`: the jobs of each side, the figures of a run, and what the report shows.
import { existsSync } from 'node:fs'
import { median } from '../measure.mjs'

const POSTS = Number(process.env.POSTS ?? 2_000_000)
/** Each side has this time to compile its code before its batches count. */
const WARM_UP_MS = 5000

const percentile = (samples, share) => {
  const sorted = Float64Array.from(samples).sort()
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]
}
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

/** The figures of comparisons that measure batches. @param atLeast how many times longer a batch of Spark takes, at least */
const ofBatches = (atLeast) => (of, ratio) => [
  { name: 'Spark, a batch', value: of('spark', 'median'), unit: 'ms' },
  { name: 'dstream, a batch', value: of('dstream', 'median'), unit: 'ms' },
  { name: 'Spark takes longer', value: ratio('median', 'spark', 'dstream'), unit: '×', atLeast },
  { name: 'Spark, CPU of a batch', value: of('spark', 'cpuMs'), unit: 'ms' },
  { name: 'dstream, CPU of a batch', value: of('dstream', 'cpuMs'), unit: 'ms' },
  { name: 'Spark takes more CPU', value: ratio('cpuMs', 'spark', 'dstream'), unit: '×' },
]

export const comparisons = {
  feed: {
    title: `Feed as fast as it is read: socket → JSON → words → reduceByKey → updateStateByKey → top, ${POSTS} posts, 500 ms`,
    sender: ['feed-sender.mjs', POSTS],
    sides: allDo({ intervalMs: 500, records: POSTS }),
    isSameResult: true,
    measure: rateOf,
    figures: (of, ratio) => [
      { name: 'Spark', value: of('spark', 'rate'), unit: 'K posts/s' },
      { name: 'dstream', value: of('dstream', 'rate'), unit: 'K posts/s' },
      { name: 'dstream against Spark', value: ratio('rate', 'dstream', 'spark'), unit: '×', atLeast: 2.6 },
      { name: 'Spark', value: of('spark', 'ofCpu'), unit: 'K posts per second of CPU' },
      { name: 'dstream', value: of('dstream', 'ofCpu'), unit: 'K posts per second of CPU' },
      { name: 'dstream against Spark', value: ratio('ofCpu', 'dstream', 'spark'), unit: '×' },
      { name: 'Spark, resident memory at its peak', value: of('spark', 'peakMiB'), unit: 'MiB' },
      { name: 'dstream, resident memory at its peak', value: of('dstream', 'peakMiB'), unit: 'MiB' },
      ...(HAS_JAR
        ? [
            { name: 'dstream-spark', value: of('onSpark', 'rate'), unit: 'K posts/s' },
            { name: 'dstream-spark against Spark', value: ratio('rate', 'onSpark', 'spark'), unit: '×' },
          ]
        : []),
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
      ...(HAS_JAR
        ? [
            { name: 'dstream-spark, a batch', value: of('onSpark', 'median'), unit: 'ms' },
            { name: 'Spark takes longer than dstream-spark', value: ratio('median', 'spark', 'onSpark'), unit: '×' },
          ]
        : []),
    ],
  },
  empty: {
    title: 'An empty batch with a window, a state and two outputs',
    sender: ['latency-sender.mjs', 0, 1],
    sides: bothDo({ intervalMs: 500, skip: 30, keep: 20 }),
    measure: ofSamples,
    figures: ofBatches(20),
  },
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
}
