// @ts-check
// Main5 of the original: the topics with the most posts, over all time.
//
//   npx jvc-scraper --simulate      in one terminal
//   node examples/topics.js         in another
import { StreamingContext } from 'dstream'
import { JvcReceiver } from 'jvc-receiver'
import { feed, optionsOf } from './settings.js'

/** @param {number} a @param {number} b */
function add(a, b) {
  return a + b
}

await StreamingContext.run(import.meta, optionsOf('topics'), (ssc) => {
  const posts = ssc.receiverStream(new JvcReceiver(feed))

  const totals = posts
    .mapToPair((post) => [post.topic, 1])
    .reduceByKey(add)
    .updateStateByKey((values, /** @type {number | undefined} */ total) => values.reduce(add, total ?? 0))

  totals
    .mapToPair(([topic, total]) => [total, topic])
    .transformToPair((rdd) => rdd.sortByKey({ ascending: false }))
    .mapToPair(([total, topic]) => [topic, total])
    .print(10)
})
