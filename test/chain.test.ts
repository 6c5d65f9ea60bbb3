import { Milliseconds, StreamingContext } from 'dstream'
import { JvcReceiver, type Post } from 'jvc-receiver'
import { expect, test } from 'vitest'
import { chain, expectTruth, until } from '../packages/jvc-scraper/test/test-chain.js'

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
function add(a: number, b: number): number {
  return a + b
}

test('forum → scraper → feed → engine: 12 000 posts, every sticker counted as the truth says, every id once and in order', async () => {
  const { simulator, scraper } = await chain('--pace 5000 --list-every 0.2', { seed: 11 })
  const ssc = new StreamingContext({ batchInterval: Milliseconds(250), logger: silent })
  const posts = ssc.receiverStream(new JvcReceiver({ host: '127.0.0.1', port: scraper.port }))
  const received: Post[] = []
  posts.foreachRDD(async (rdd) => void received.push(...(await rdd.collect())))
  const stickers = posts
    .flatMap((post) => post.stickers)
    .mapToPair((url) => [url, 1])
    .reduceByKey(add)
    .updateStateByKey<number>((values, total = 0) => values.reduce(add, total))
  stickers.foreachRDD(() => {})
  await ssc.start()
  void scraper.run()
  for (let out = 0; out < 12_000; out += 1000) {
    simulator.control({ do: 'publish', count: 1000 })
    await until(() => received.length >= simulator.truth().length - 500)
  }
  await until(() => received.length >= simulator.truth().length)
  await ssc.stop({ gracefully: true })

  expectTruth(simulator, received)
  const totals = new Map<string, number>()
  for (const url of simulator.truth().flatMap((post) => post.stickers)) totals.set(url, (totals.get(url) ?? 0) + 1)
  expect(new Map(stickers.snapshot())).toEqual(totals)
}, 120_000)
