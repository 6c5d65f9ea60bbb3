import { Seconds, textForm, type DStream } from 'dstream'
import { TestContext } from 'dstream/testing'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'

type Keyed = DStream<[string, number]>
const ROWS: [string, number][][] = [[['a', 1], ['a', 2], ['b', 3]]] // prettier-ignore

// The groups that Spark 4.3 prints for the same pairs.
test.each<[string, (s: Keyed) => DStream<unknown>, string[]]>([
  ['groupByKey', (s) => s.groupByKey(), ['(a,ArrayBuffer(1, 2))', '(b,ArrayBuffer(3))']],
  [
    'groupByKey, in partitions',
    (s) => s.groupByKey({ numPartitions: 2 }),
    ['(a,ArrayBuffer(1, 2))', '(b,ArrayBuffer(3))'],
  ],
  ['groupByKeyAndWindow', (s) => s.groupByKeyAndWindow(Seconds(2)), ['(a,ArrayBuffer(1, 2))', '(b,ArrayBuffer(3))']],
  ['cogroup', (s) => s.cogroup(s.filter(([key]) => key === 'a')), ['(a,(Seq(1, 2),Seq(1, 2)))', '(b,(Seq(3),Seq()))']],
  ['groupByKey of an RDD', (s) => s.transform((rdd) => rdd.groupByKey()), ['(a,Seq(1, 2))', '(b,Seq(3))']],
  [
    'groupBy of an RDD',
    (s) => s.transform((rdd) => rdd.groupBy(([key]) => key)),
    ['(a,Seq((a,1), (a,2)))', '(b,Seq((b,3)))'],
  ],
  [
    'groups that are sorted, filtered, united',
    (s) => s.groupByKey().transform((rdd) => rdd.sortByKey({ ascending: false }).filter(() => true)),
    ['(b,ArrayBuffer(3))', '(a,ArrayBuffer(1, 2))'],
  ],
  ['windows of groups', (s) => s.groupByKey().window(Seconds(2)), ['(a,ArrayBuffer(1, 2))', '(b,ArrayBuffer(3))']],
  [
    'joins of groups',
    (s) => s.groupByKey().join(s.groupByKey()),
    ['(a,(ArrayBuffer(1, 2),ArrayBuffer(1, 2)))', '(b,(ArrayBuffer(3),ArrayBuffer(3)))'],
  ],
  [
    'values of groups, with their numbers',
    (s) => s.groupByKey().transform((rdd) => rdd.values().zipWithIndex()),
    ['(ArrayBuffer(1, 2),0)', '(ArrayBuffer(3),1)'],
  ],
  [
    'an array of a user is a tuple',
    (s) => s.groupByKey().map(([key, values]) => [key, values.length, true]),
    ['(a,2,true)', '(b,1,true)'],
  ],
  ['joins', (s) => s.join(s.mapValues(String)).filter(([key]) => key === 'b'), ['(b,(3,3))']],
  ['numbers', (s) => s.map(([, n]) => n / 1e5), ['1.0E-5', '2.0E-5', '3.0E-5']],
])('%s is printed, saved and formatted in one form', async (_, define, expected) => {
  // prettier-ignore
  const folder = mkdtempSync(join(tmpdir(), 'dstream-form-'))
  try {
    const t = new TestContext({ batchInterval: Seconds(1) })
    const stream = define(t.input(ROWS))
    const formatted: string[] = []
    stream.print()
    stream.saveAsTextFiles(join(folder, 'out'))
    stream.foreachRDD(
      async (rdd) => void formatted.push(...(await rdd.collect()).map((record) => textForm(record, rdd))),
    )
    await t.run()
    await t.ssc.stop()
    const printed = t.printed.slice(3, -1)
    const saved = ['part-00000', 'part-00001'].flatMap((name) => linesOf(join(folder, 'out-1000', name)))
    expect([printed, saved, formatted].map((lines) => lines.toSorted())).toEqual(Array(3).fill(expected.toSorted()))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

function linesOf(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\n').slice(0, -1)
  } catch {
    return []
  }
}
