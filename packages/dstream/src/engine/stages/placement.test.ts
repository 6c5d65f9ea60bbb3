import { Seconds, StreamingContext, type DStream, type State } from 'dstream'
import { describe, expect, test } from 'vitest'
import type { Cluster } from '../../base/ports.js'
import type { FolderDisk } from '../../durable/storage/disk.js'
import { hostJob } from '../../platform/runtime-host.js'

type Define = (numbers: DStream<number>) => DStream<unknown>
const add = (a: number, b: number): number => a + b
const byDigit = (n: number): [number, number] => [n % 10, n]
const byDigitOfSum = ([, sum]: readonly [number, number]): [number, number] => byDigit(sum)

/** A cluster that is never there, so that all is done in the driver. */
const away: Cluster = {
  start: () => Promise.resolve('a cluster'),
  isUp: () => false,
  speculates: () => false,
  run: () => () => undefined,
  end: () => Promise.resolve(),
}

/** Returns the lines that the start of a job writes about its places. */
async function linesOf(define: Define, program = 'job.js', speculates = false): Promise<string[]> {
  const lines: string[] = []
  const say = (_: object, line: string): void => void lines.push(line)
  const logger = { debug: () => undefined, info: say, warn: say, error: say }
  const folder = (uri: string): FolderDisk =>
    ({ name: uri, readDir: () => Promise.resolve([]) }) as unknown as FolderDisk
  hostJob({ cluster: { ...away, speculates: () => speculates }, folder })
  try {
    const ssc = new StreamingContext(
      { batchInterval: Seconds(1), appName: 'job', logger },
      { program: program || undefined, definition: define },
    )
    define(ssc.queueStream<number>([])).foreachRDD(() => undefined)
    await ssc.start()
    await ssc.stop({ gracefully: false })
  } finally {
    hostJob({})
  }
  return lines.filter((line) => line.startsWith('job runs '))
}

let outside = 0
describe('one line says what runs where', () => {
  test.each<[string, Define, string]>([
    [
      'a map side',
      (s) => s.mapToPair(byDigit).reduceByKey(add),
      'map sides on the cluster: reduceByKey#1; in the driver: the merging of small tables, ',
    ],
    [
      'a window',
      (s) => s.mapToPair(byDigit).reduceByKeyAndWindow(add, Seconds(2)),
      'map sides on the cluster: reduceByKeyAndWindow#1/reduceByKey; in the driver: the merging of small tables, ',
    ],
    [
      'a merging that changes a variable outside',
      (s) =>
        s.mapToPair(byDigit).combineByKey(
          (n) => n,
          add,
          (a, b) => a + b + outside++,
        ),
      'map sides on the cluster: combineByKey#1; in the driver: the merging of all tables of combineByKey#1, ',
    ],
    [
      'a map side behind another one, and one behind a repartition',
      (s) => {
        const more = s.repartition(4).map((n) => n + 1)
        more.countByValue().print()
        return s.mapToPair(byDigit).reduceByKey(add).mapToPair(byDigitOfSum).groupByKey()
      },
      'map sides on the cluster: countByValue#1, reduceByKey#1; map sides on the cluster for many records in several partitions: groupByKey#1 (behind reduceByKey#1); in the driver: the merging of small tables, repartition#1, ',
    ],
    [
      'a map side behind one that a window keeps, and behind one that stays',
      (s) => {
        const pairs = s.mapToPair(byDigit).reduceByKey(add)
        pairs.window(Seconds(2)).print()
        s.mapToPair(byDigit)
          .reduceByKey((a, b) => a + b + outside++)
          .mapToPair(byDigitOfSum)
          .groupByKey()
          .print()
        return pairs.mapToPair(byDigitOfSum).countByValue()
      },
      'for many records in several partitions: groupByKey#1 (behind reduceByKey#2); in the driver: ',
    ],
    ['a union', (s) => s.union(s.map((n) => n + 1)).countByValue(), 'map sides on the cluster: countByValue#1; '],
    [
      'directories at a URI, and on this machine',
      (s) => {
        s.map((n) => n + 1).saveAsTextFiles('hdfs://name:8020/words')
        s.saveAsObjectFiles('out/words')
        return s
      },
      'outputs on the cluster: saveAsTextFiles#1; in the driver: saveAsObjectFiles#1 (its path is one of this machine), foreachRDD#1.',
    ],
    [
      'an output by partition, behind a stream that is read twice',
      (s) => {
        const more = s.map((n) => n + 1)
        more.foreachPartition(() => undefined)
        return more
      },
      'outputs on the cluster: foreachPartition#1; in the driver: foreachRDD#1.',
    ],
    [
      'an output by partition that changes a variable outside',
      (s) => {
        s.foreachPartition(() => void outside++)
        return s
      },
      'foreachPartition#1 (foreachPartition#1 changes a variable outside of its function)',
    ],
    [
      'behind a transform of steps',
      (s) => s.transform((rdd, time) => rdd.filter((n) => n > time.milliseconds)).countByValue(),
      'map sides on the cluster: countByValue#1; in the driver: the merging of small tables, foreachRDD#1.',
    ],
    [
      'a transform that combines',
      (s) => s.transform((rdd) => rdd.mapToPair(byDigit).reduceByKey(add)).countByValue(),
      'map sides on the cluster: transform#1; map sides on the cluster for many records in several partitions: countByValue#1 (behind transform#1); in the driver: the merging of small tables, foreachRDD#1.',
    ],
    [
      'a transform of several streams',
      (s) =>
        s.context
          .transform([s.map((n) => n + 1), s.map((n) => n - 1)], ([a, b]) => a.filter((n) => n > 0).union(b))
          .countByValue(),
      'map sides on the cluster: countByValue#1; in the driver: the merging of small tables, foreachRDD#1.',
    ],
    [
      'a transform of several streams that combines',
      (s) => {
        const pairs = [s, s.map((n) => n + 1)].map((numbers) => numbers.mapToPair(byDigit))
        return s.context.transform(pairs, (rdds) => rdds.reduce((a, b) => a.union(b)).reduceByKey(add))
      },
      'map sides on the cluster: transform#1; in the driver: the merging of small tables, foreachRDD#1.',
    ],
    [
      'a transform of several streams that does not name them',
      (s) => s.context.transform([s, s], ([a, ...others]) => others[0]!.union(a)).countByValue(),
      'in the driver: transform#1 (the pattern of its first parameter has more than names of single RDDs), countByValue#1 (behind transform#1)',
    ],
    [
      'a transform of steps that is read twice',
      (s) => {
        const more = s.transform((rdd) => rdd.map((n) => n + 1))
        more.countByValue().print()
        return more.map((n) => -n)
      },
      'shared streams on the cluster: transform#1; map sides on the cluster: countByValue#1; ',
    ],
    [
      'behind a transform by chance',
      (s) => s.transform((rdd) => (Math.random() < 0.5 ? rdd : rdd.map((n) => n + 1))).countByValue(),
      'in the driver: transform#1 (it uses Math.random, which need not be the same in each process), countByValue#1 (behind transform#1)',
    ],
    [
      'behind a transform of another kind',
      (s) =>
        s
          .transform((rdd) => rdd.mapPartitions((all) => [...all]))
          .mapToPair(byDigit)
          .reduceByKey(add),
      'nothing of it on the cluster; in the driver: transform#1, reduceByKey#1 (behind transform#1)',
    ],
    [
      'a variable outside',
      (s) => s.map((n) => n + outside++).countByValue(),
      'countByValue#1 (map#1 changes a variable outside of its function)',
    ],
    [
      'several readers',
      (s) => {
        const pairs = s.mapToPair(byDigit)
        return pairs.reduceByKey(add).join(pairs.groupByKey())
      },
      'shared streams on the cluster: mapToPair#1; map sides on the cluster: reduceByKey#1, groupByKey#1; in the driver: the merging of all tables of reduceByKey#1 and groupByKey#1, join#1, ',
    ],
    [
      'the first program of the README',
      (s) => {
        const words = s.flatMap((n) => [n, n % 7])
        words.countByValue().print()
        words.window(Seconds(30), Seconds(10)).count().print()
        return words
          .mapToPair((n): [number, number] => [n, 1])
          .runningReduceByKey(add)
          .top(10)
      },
      'shared streams on the cluster: flatMap#1; map sides on the cluster: countByValue#1, runningReduceByKey#1; in the driver: the merging of all tables of countByValue#1 and runningReduceByKey#1, window#1, count#1, top#1, ',
    ],
    [
      'a function that may leave the RDD of a map side',
      (s) => {
        const words = s.flatMap((n) => [n, n % 7])
        words.countByValue().foreachRDD(async (rdd) => void ((await rdd.isEmpty()) || (await rdd.collect())))
        return words.count()
      },
      'shared streams on the cluster: flatMap#1; in the driver: countByValue#1 (flatMap#1 is kept for several readers), ',
    ],
    [
      'several readers above several readers',
      (s) => {
        const words = s.flatMap((n) => [n, n % 7])
        const pairs = words.mapToPair(byDigit)
        words.countByValue().print()
        pairs.reduceByKey(add).print()
        return pairs.groupByKey()
      },
      'shared streams on the cluster: flatMap#1, mapToPair#1; map sides on the cluster: countByValue#1, reduceByKey#1, groupByKey#1; ',
    ],
    [
      'readers behind a union',
      (s) => {
        const words = s.map((n) => n + 1)
        return words.union(words.filter((n) => n > 2)).countByValue()
      },
      'shared streams on the cluster: map#1; in the driver: countByValue#1 (map#1 is kept for several readers), ',
    ],
    [
      'a map side of a source that a window reads',
      (s) => {
        s.window(Seconds(2)).print()
        return s.countByValue()
      },
      'nothing of it on the cluster; in the driver: window#1, countByValue#1 (queueStream#1 is kept for later batches), ',
    ],
    [
      'states',
      (s) => {
        const pairs = s.mapToPair(byDigit)
        const update = (values: number[], n = 0): number => values.reduce(add, n)
        pairs.updateStateByKey(update, { numPartitions: 2 }).print()
        pairs
          .updateStateByKey((values: number[], n = 0): number => n + values.length + outside++, { numPartitions: 2 })
          .print()
        return pairs.mapWithState((key, n, state: State<number>) => state.update(n ?? 0), { numPartitions: 4 })
      },
      'map sides on the cluster: updateStateByKey#1, updateStateByKey#2; states on the cluster: updateStateByKey#1, mapWithState#1; in the driver: the merging of all tables of updateStateByKey#1 and updateStateByKey#2, the state of updateStateByKey#2 (updateStateByKey#2 changes a variable outside of its function), print#1, ',
    ],
    [
      'a state of one partition',
      (s) => s.mapToPair(byDigit).mapWithState((key, n, state: State<number>) => state.update(n ?? 0)),
      'nothing of it on the cluster; in the driver: the state of mapWithState#1 (it has one partition), ',
    ],
    ['no keys', (s) => s.map((n) => n + 1).count(), 'nothing of it on the cluster; in the driver: count#1, '],
  ])('%s', async (_, define, expected) => {
    const lines = await linesOf(define)
    expect(lines).toHaveLength(1)
    expect(lines[0]).toContain(expected)
  })
})

test('an accumulator of the definition may be added to', async () => {
  const [line] = await linesOf((s) => {
    const seen = s.context.sparkContext.longAccumulator('seen')
    return s.mapToPair((n): [number, number] => (seen.add(1), byDigit(n))).reduceByKey(add)
  })
  expect(line).toContain('map sides on the cluster: reduceByKey#1; ')
})

test('a context that StreamingContext.run has not made is not on the cluster', async () => {
  const lines = await linesOf((s) => s.countByValue(), '')
  expect(lines).toEqual([
    'job runs in this process alone, and not on the cluster: executors load the module of a job that StreamingContext.run(import.meta, …) starts, and this context was made without it.',
  ])
})

test('where the cluster speculates, calls of outputs stay in the driver, and parts of directories do not', async () => {
  const define: Define = (s) => {
    s.foreachPartition(() => undefined)
    s.saveAsTextFiles('hdfs://name:8020/words')
    return s
  }
  expect(await linesOf(define, 'job.js', true)).toEqual([
    expect.stringContaining(
      'outputs on the cluster: saveAsTextFiles#1; in the driver: foreachPartition#1 (Spark may run a task of it twice at once (spark.speculation)), foreachRDD#1.',
    ),
  ])
})
