import { Receiver, Seconds, type DStream } from 'dstream'
import type { TestContext } from 'dstream/testing'

/** A receiver that goes on from the number of words that earlier runs have stored. */
class Words extends Receiver<string> {
  readonly #words: readonly string[]

  constructor(words: readonly string[]) {
    super()
    this.#words = words
  }

  onStart(): void {
    const from = (this.position as number | undefined) ?? 0
    for (let i = from; i < this.#words.length; i++) this.store(this.#words[i]!, i + 1)
  }

  onStop(): void {}
}

/** What the job has put out: output, batch time, records. */
export type Written = [output: string, time: number, records: readonly unknown[]]

export interface JobRun {
  readonly written: Written[]
  /** Words that the receiver has by now. */
  readonly received: readonly string[]
  /** While the fault lasts, a state and an output fail on the word `bad`. */
  readonly fault: boolean
}

export const rows = [['a', 'b'], ['bad', 'a'], ['c'], ['a', 'c'], ['b']]

/**
 * A job that leaves every kind of entry in a checkpoint: tables, remembered RDDs, positions, received blocks, an operator
 * that lags behind and an output that has failed.
 */
export function defineJob(t: TestContext, { written, received, fault }: JobRun): void {
  const put = (name: string, stream: DStream<unknown>): void => {
    stream.foreachRDD(async (rdd, { milliseconds }) => {
      const records = await rdd.collect()
      if (fault && name === 'words' && records.includes('bad')) throw new Error('the output failed')
      written.push([name, milliseconds, records])
    })
  }
  const words = t.input(rows).map((word) => word)
  const ones = words.mapToPair((word): [string, number] => [word, 1])
  const sum = (values: readonly number[], old = 0): number => values.reduce((a, b) => a + b, old)
  put('words', words)
  put('totals', ones.updateStateByKey(sum).uid('totals'))
  put('window', ones.reduceByKeyAndWindow((a, b) => a + b, (a, b) => a - b, Seconds(3))) // prettier-ignore
  put('recent', words.window(Seconds(2)).countByValue())
  const fragile = (values: readonly number[], old?: number): number => {
    if (fault && values.includes(-1)) throw new Error('the state failed')
    return sum(values.map(Math.abs), old)
  }
  put('lagging', words.mapToPair((word): [string, number] => [word, word === 'bad' ? -1 : 1]).updateStateByKey(fragile).uid('lagging')) // prettier-ignore
  put('received', t.ssc.receiverStream(new Words(received)))
  put('rate', t.ssc.rateStream(2).map(Number).map((n) => n % 2)) // prettier-ignore
}
