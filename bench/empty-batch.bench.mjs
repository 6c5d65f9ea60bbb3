// What a batch without records costs, of a job with a window and a state: late ticks run back to back, so it must be little.
// A thousand words that are counted by hand stand beside it, so that the goals hold on any machine.
import { Seconds, StreamingContext } from 'dstream'
import { ManualClock } from 'dstream/testing'
import { silent } from './job.mjs'
import { alternately, median, ratio, report } from './measure.mjs'

const batches = 200

/** Runs the job with some outputs of each of its two streams. */
const jobOf = async (outputs) => {
  const clock = new ManualClock(0)
  const ssc = new StreamingContext({ batchInterval: Seconds(1), clock, logger: silent })
  const words = ssc.queueStream([])
  const counts = words.window(Seconds(10)).count()
  const totals = words.mapToPair((word) => [word, 1]).updateStateByKey((values, total = 0) => total + values.length)
  outputs(counts, totals)
  await ssc.start()
  return async () => {
    clock.runNext(clock.now() + batches * 1000)
    await ssc.engine.ticker.idle()
  }
}
const words = Array.from({ length: 1000 }, (_, i) => `word${(i * 7919) % 500}`)
const byHand = () => {
  for (let i = 0; i < batches; i++) {
    const counts = new Map()
    for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1)
  }
}
const collected = (stream) => stream.foreachRDD(async (rdd) => void (await rdd.collect()))
const further = 8

const times = await alternately(
  {
    byHand,
    silent: await jobOf((counts, totals) => {
      counts.foreachRDD(() => {})
      totals.foreachRDD(() => {})
    }),
    collecting: await jobOf((counts, totals) => {
      collected(counts)
      collected(totals)
    }),
    more: await jobOf((counts, totals) => {
      collected(counts)
      collected(totals)
      for (let i = 0; i < further; i++) collected(counts)
    }),
  },
  { rounds: 21, warmUps: 15, collect: false },
)
const microseconds = (name) => (median(times[name]) * 1000) / batches
/** The batch against a thousand words: 1 is as long. */
const words1000 = (name) => 1 / ratio(times, name, 'byHand')
report('A batch without records, of a job with a window and a state', [
  { name: 'a thousand words counted by hand', value: microseconds('byHand'), unit: 'µs' },
  { name: 'outputs that do nothing', value: microseconds('silent'), unit: 'µs' },
  { name: '  against the words', value: words1000('silent'), unit: '×', atMost: 0.8 },
  { name: 'outputs that collect', value: microseconds('collecting'), unit: 'µs' },
  { name: '  against the words', value: words1000('collecting'), unit: '×', atMost: 1 },
  { name: 'each further output', value: (microseconds('more') - microseconds('collecting')) / further, unit: 'µs' },
  {
    name: '  against the words',
    value: median(times.more.map((ms, i) => (ms - times.collecting[i]) / further / times.byHand[i])),
    unit: '×',
    atMost: 0.25,
  },
])
process.exit(0)
