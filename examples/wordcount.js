// @ts-check
// Main4 of the original: the words of at least five letters that were written most, over all time.
//
//   npx jvc-scraper --simulate      in one terminal
//   node examples/wordcount.js      in another
import { StreamingContext } from 'dstream'
import { JvcReceiver } from 'jvc-receiver'
import { feed, optionsOf } from './settings.js'

/** @param {number} a @param {number} b */
function add(a, b) {
  return a + b
}

await StreamingContext.run(import.meta, optionsOf('wordcount'), (ssc) => {
  const posts = ssc.receiverStream(new JvcReceiver(feed))

  const totals = posts
    // The original splits at single spaces, which glues the words on both sides of a line break together.
    .flatMap((post) => post.message.split(/\s+/))
    .filter((word) => word.length >= 5)
    .mapToPair((word) => [word, 1])
    .reduceByKey(add)
    .updateStateByKey((values, /** @type {number | undefined} */ total) => values.reduce(add, total ?? 0))

  totals
    .mapToPair(([word, total]) => [total, word])
    .transformToPair((rdd) => rdd.sortByKey({ ascending: false }))
    .mapToPair(([total, word]) => [word, total])
    .print(15)
})
