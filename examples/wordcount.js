// @ts-check
// Main4 of the original: the words of at least five letters that were written most, over all time.
// The original splits at single spaces and takes every text of five characters: smiley codes, addresses, "Khey" with its
// comma. Here a word is a word, and "Topic" and "topic" are one.
//
//   npx jvc-scraper --simulate      in one terminal
//   node examples/wordcount.js      in another
import { StreamingContext } from 'dstream'
import { JvcReceiver } from 'jvc-receiver'
import { feed, optionsOf, printing } from './settings.js'
import { wordsOf } from './text.js'

/** @param {number} a @param {number} b */
function add(a, b) {
  return a + b
}

await StreamingContext.run(import.meta, optionsOf('wordcount'), (ssc) => {
  const posts = ssc.receiverStream(new JvcReceiver(feed))

  const totals = posts
    .flatMap((post) => wordsOf(post.message))
    .mapToPair((word) => [word, 1])
    .reduceByKey(add)
    .updateStateByKey((values, /** @type {number | undefined} */ total) => values.reduce(add, total ?? 0))

  const top = totals
    .mapToPair(([word, total]) => [total, word])
    .transformToPair((rdd) => rdd.sortByKey({ ascending: false }))
    .mapToPair(([total, word]) => [word, total])

  top.print(15, printing('wordcount'))
  top.show('Words', { as: 'bars', limit: 15, unit: 'times' })
})
