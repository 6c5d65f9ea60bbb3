import { Milliseconds, Seconds, StateSpec, type DStream, type State, type StreamingContext } from 'dstream'
import type { TestContext, TestContextOptions } from 'dstream/testing'
import { minus, ones, sum } from './words.js'
import { hands, rows, type World } from './world.js'

/** What a graph is built from, in each life. */
export interface Job {
  readonly t: TestContext
  readonly ssc: StreamingContext
  readonly world: World
  /** A directory with one file per row, dated within its batch. */
  readonly directory: string
  /** An output whose every word is kept; it throws on the batches that `fails` names, after it has looked at them. */
  say<T>(stream: DStream<T>, fails?: (time: number) => boolean): void
  /** The same by partition: each of so many is an output of its own, and the last one throws. */
  sayEach<T>(stream: DStream<T>, numPartitions: number, fails?: (time: number) => boolean): void
}

export interface SweepGraph {
  readonly options?: Partial<TestContextOptions>
  /** Its receiver gathers records into blocks: one that the disk refuses is offered again later, and comes with a later batch. */
  readonly gathers?: true
  /** The job stops of itself in its first life. */
  readonly stops?: true
  readonly define: (job: Job) => void
}

const [second, two, three] = [Seconds(1), Seconds(2), Seconds(3)]

function received({ ssc, world }: Job, how: keyof typeof hands): DStream<string> {
  return ssc.receiverStream(world.receiver(hands[how]))
}
function counted(words: DStream<string>) {
  return ones(words).updateStateByKey<{ n: number }>((values, old) =>
    // A key goes after four, and may come back.
    (old?.n ?? 0) >= 4 ? undefined : { n: values.reduce(sum, old?.n ?? 0) },
  )
}

/** Counts, and says so; a key that times out says good-bye. */
function counting(word: string, one: number | undefined, state: State<number>): string {
  const n = (state.getOption() ?? 0) + (one ?? 0)
  if (state.isTimingOut()) return `${word} leaves with ${n}`
  if (n === 4) state.remove()
  else state.update(n)
  return `${word} ${n}`
}

/** Every stateful operator, window, kind of output and kind of source, and what fails. */
export const graphs: Readonly<Record<string, SweepGraph>> = {
  'updateStateByKey, storeBlock': {
    define: (job) => job.say(counted(received(job, 'storeBlock'))),
  },
  'updateStateByPartition, storeBytes': {
    define: (job) =>
      job.say(
        ones(received(job, 'storeBytes')).updateStateByPartition<string, number>(
          (entries) => [...entries].map(([key, values, n = 0]) => [key, values.reduce(sum, n)]),
          { numPartitions: 2 },
        ),
      ),
  },
  'mapWithState with timeout, store': {
    gathers: true,
    define: (job) => job.say(ones(received(job, 'store')).mapWithState(StateSpec.function(counting).timeout(two))),
  },
  'mapWithState with initial state, fromSource': {
    define: (job) => {
      const spec = StateSpec.function(counting)
        .initialState([
          ['a', 2],
          ['z', 9],
        ])
        .timeout(three)
        .numPartitions(2)
      const states = ones(job.ssc.fromSource(job.world.source())).mapWithState(spec)
      job.say(states)
      job.say(states.stateSnapshots())
    },
  },
  'runningReduceByKey, storeChunk': {
    gathers: true,
    define: (job) => job.say(ones(received(job, 'storeChunk')).runningReduceByKey(sum)),
  },
  'dedupByKey with ttl, storeBlock': {
    define: (job) => job.say(ones(received(job, 'storeBlock')).dedupByKey({ ttl: two })),
  },
  'dedupByKey, fromAsyncIterable': {
    gathers: true,
    define: (job) =>
      job.say(
        counted(
          job.ssc
            .fromAsyncIterable(job.world.iterable())
            .mapToPair((pair) => pair)
            .dedupByKey()
            .map(([, word]) => word),
        ),
      ),
  },
  'reduceByKeyAndWindow, window, table': {
    define: (job) => {
      const pairs = ones(job.t.input(rows, { numPartitions: 2 }))
      job.say(pairs.reduceByKeyAndWindow(sum, three))
      job.say(pairs.window(three, two))
    },
  },
  'reduceByKeyAndWindow with inverse and filter': {
    define: (job) => {
      const pairs = ones(received(job, 'storeBlock'))
      job.say(pairs.reduceByKeyAndWindow(sum, minus, three))
      job.say(pairs.reduceByKeyAndWindow(sum, minus, Seconds(4), two, { filterFunc: ([, n]) => n > 0 }))
    },
  },
  'countByValueAndWindow, reduceByWindow': {
    define: (job) => {
      const words = job.ssc.fromSource(job.world.source())
      job.say(words.countByValueAndWindow(three))
      job.say(words.map((word) => word.length).reduceByWindow(sum, minus, two, second))
      job.say(words.countByWindow(three, two))
    },
  },
  'windows of sources themselves': {
    define: (job) => {
      job.say(received(job, 'storeBytes').window(three))
      job.say(job.ssc.fromSource(job.world.source()).window(two, two))
      job.say(job.ssc.textFileStream(job.directory).window(three, two))
    },
  },
  'groupByKeyAndWindow over a state': {
    define: (job) => job.say(counted(received(job, 'storeBytes')).groupByKeyAndWindow(three, second)),
  },
  'remember and slice': {
    define: (job) => {
      job.ssc.remember(three)
      const totals = ones(received(job, 'storeBlock')).runningReduceByKey(sum)
      job.say(totals)
      job.say(
        totals.transform(async (rdd, time) => {
          const earlier = await totals.slice(time.minus(two), time.minus(second))
          return job.ssc.sc.union([rdd, ...earlier])
        }),
      )
    },
  },
  'two outputs of one state': {
    define: (job) => {
      const states = counted(received(job, 'storeBlock'))
      job.say(states)
      job.say(states.filter(([, { n }]) => n > 1).map(([word]) => word))
    },
  },
  'an output that fails in the first life, and waits': {
    options: { retry: { attempts: Infinity } },
    define: (job) => {
      const states = counted(received(job, 'storeBlock'))
      const first = job.world.lives === 1
      job.say(states, (time) => first && time % 2000 === 0)
      job.say(states)
    },
  },
  'foreachPartition, whose last partition fails in the first life': {
    options: { retry: { attempts: Infinity } },
    define: (job) => {
      const states = counted(received(job, 'storeBlock')).repartition(3)
      const first = job.world.lives === 1
      job.sayEach(states, 3, (time) => first && time % 2000 === 0)
      job.say(states)
    },
  },
  'an output that stops the job in the first life': {
    options: { retry: { attempts: 2 } },
    stops: true,
    define: (job) => {
      const states = counted(received(job, 'storeBlock'))
      const first = job.world.lives === 1
      job.say(states)
      job.say(states, (time) => first && time === 4000)
    },
  },
  'an output that always fails, tried twice and skipped': {
    options: { retry: { attempts: 2 }, onFailure: 'skip' },
    define: (job) => {
      const words = received(job, 'storeBytes')
      job.say(words, (time) => time === 3000 || time === 5000)
      job.say(ones(words).runningReduceByKey(sum))
    },
  },
  'poison that is skipped': {
    options: { onRecordError: 'skip' },
    define: (job) => {
      const clean = received(job, 'storeBytes').map((word) => {
        if (word === 'poison') throw new Error('poison')
        return word
      })
      job.say(counted(clean))
    },
  },
  'poison that holds a state up': {
    options: { onFailure: 'skip' },
    define: (job) => {
      const { world } = job
      const checked = received(job, 'storeBlock').map((word) => {
        // What it asks is away until the sixth row.
        if (word === 'poison' && world.row < 6) throw new Error('away')
        return word
      })
      job.say(counted(checked))
      job.say(received(job, 'storeBlock').count())
    },
  },
  'a state joined with a window': {
    define: (job) => {
      const pairs = ones(received(job, 'storeBlock'))
      job.say(pairs.runningReduceByKey(sum).join(pairs.reduceByKeyAndWindow(sum, two)))
    },
  },
  'mapAsync above a state': {
    define: (job) =>
      job.say(counted(received(job, 'storeBlock').mapAsync(async (word) => word.toUpperCase(), { concurrency: 2 }))),
  },
  'transform with a broadcast': {
    define: (job) => {
      const weights = job.ssc.sc.broadcast(new Map([['a', 10]]))
      const weighed = ones(received(job, 'storeBytes')).transformToPair((rdd) =>
        rdd.map(([word, n]): [string, number] => [word, n * (weights.value.get(word) ?? 1)]),
      )
      job.say(weighed.runningReduceByKey(sum))
    },
  },
  textFileStream: {
    define: (job) => job.say(counted(job.ssc.textFileStream(job.directory))),
  },
  'fileStream and a receiver': {
    define: (job) => {
      const names = job.ssc.fileStream(job.directory, (path) => [path.slice(-1)], { newFilesOnly: false })
      job.say(counted(names.union(received(job, 'storeBlock'))))
    },
  },
  'rateStream, constantStream': {
    define: (job) => {
      const numbers = job.ssc.rateStream(2).union(job.ssc.constantStream(job.ssc.sc.parallelize([100])))
      job.say(numbers.mapToPair((n) => [n % 3, n]).runningReduceByKey(sum))
    },
  },
  'a sink': {
    define: (job) => {
      const totals = ones(received(job, 'storeBytes')).runningReduceByKey(sum)
      totals.to(job.world.sink())
      job.say(totals)
    },
  },
  'blocks of 100 ms, nothing kept': {
    gathers: true,
    options: { blockInterval: Milliseconds(100) },
    define: (job) => job.say(received(job, 'storeChunk').map((word) => word.toUpperCase())),
  },
}
