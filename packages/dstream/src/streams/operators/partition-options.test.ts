import { HashPartitioner, Seconds, StateSpec, type DStream, type PartitionOptions, type State } from 'dstream'
import { TestContext } from 'dstream/testing'
import { expect, test } from 'vitest'

type Pair = [string, number]
type Build = (s: DStream<Pair>, options: PartitionOptions) => DStream<unknown>

function add(a: number, b: number): number {
  return a + b
}
function subtract(a: number, b: number): number {
  return a - b
}
const w = Seconds(2)
function words(s: DStream<Pair>): DStream<string> {
  return s.map(([word]) => word)
}

const operators: [string, Build][] = [
  ['countByValue', (s, options) => words(s).countByValue(options)],
  ['distinct', (s, options) => words(s).distinct(options)],
  ['countByValueAndWindow', (s, options) => words(s).countByValueAndWindow(w, w, options)],
  ['groupByKey', (s, options) => s.groupByKey(options)],
  ['reduceByKey', (s, options) => s.reduceByKey(add, options)],
  ['combineByKey', (s, options) => s.combineByKey((n) => n, add, add, options)],
  ['groupByKeyAndWindow', (s, options) => s.groupByKeyAndWindow(w, w, options)],
  ['reduceByKeyAndWindow', (s, options) => s.reduceByKeyAndWindow(add, w, w, options)],
  ['reduceByKeyAndWindow', (s, options) => s.reduceByKeyAndWindow(add, subtract, w, w, options)],
  ['cogroup', (s, options) => s.cogroup(s, options)],
  ['join', (s, options) => s.join(s, options)],
  ['leftOuterJoin', (s, options) => s.leftOuterJoin(s, options)],
  ['rightOuterJoin', (s, options) => s.rightOuterJoin(s, options)],
  ['fullOuterJoin', (s, options) => s.fullOuterJoin(s, options)],
  ['runningReduceByKey', (s, options) => s.runningReduceByKey(add, options)],
  ['updateStateByKey', (s, options) => s.updateStateByKey<number>((values) => values.length, options)],
  ['updateStateByPartition', (s, options) => s.updateStateByPartition(() => [['a', 1]], options)],
  ['mapWithState', (s, options) => s.mapWithState((_, n, state: State<number>) => state.getOption() ?? n, options)],
]

const refused: [unknown, string, string][] = [
  [{ numPartitions: -1 }, 'bad-option', 'numPartitions must be a whole number of at least 1, not -1'],
  [{ numPartitions: '2' }, 'bad-option', 'numPartitions must be a whole number of at least 1, not "2"'],
  [
    { numPartitions: 2, partitioner: new HashPartitioner(3) },
    'bad-option',
    'numPartitions is 2 but the partitioner has 3; give one of the two',
  ],
  [{ partitioner: 3 }, 'bad-partitioner', '3 is not a partitioner'],
  [{ partitions: 2 }, 'unknown-option', 'there is no option "partitions"'],
  [2, 'not-options', 'options are an object'],
]

function stream(): DStream<Pair> {
  return new TestContext({ batchInterval: Seconds(1) }).inputPairs<string, number>([])
}

test.each(operators)('%s refuses a partitioning that cannot be where it is written, by its own name', (name, build) => {
  for (const [options, code, said] of refused) {
    expect(() => build(stream(), options as PartitionOptions)).toThrow(expect.objectContaining({ code }))
    expect(() => build(stream(), options as PartitionOptions)).toThrow(`${name}: ${said}`)
  }
})

test.each(operators)('%s takes a number of partitions, a partitioner, or both where they agree', (_, build) => {
  const partitioner = new HashPartitioner(3)
  for (const options of [{ numPartitions: 3 }, { partitioner }, { numPartitions: 3, partitioner }, {}]) {
    expect(() => build(stream(), options)).not.toThrow()
  }
})

test('a StateSpec refuses what is no partitioner', () => {
  const spec = StateSpec.function((_: string, n: number | undefined, state: State<number>) => state.getOption() ?? n)
  expect(() => spec.partitioner(3 as never)).toThrow('StateSpec: 3 is not a partitioner')
})
