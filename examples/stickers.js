// @ts-check
// Main of the original: the pictures of noelshack that were posted most, over all time.
//
//   npx jvc-scraper --simulate      in one terminal
//   node examples/stickers.js       in another
import { StreamingContext } from 'dstream'
import { JvcReceiver } from 'jvc-receiver'
import { feed, optionsOf, perSecond, pictureOf, printing } from './settings.js'

/** @param {number} a @param {number} b */
function add(a, b) {
  return a + b
}

await StreamingContext.run(import.meta, optionsOf('stickers'), (ssc) => {
  const posts = ssc.receiverStream(new JvcReceiver(feed))

  const totals = posts
    .filter((post) => post.stickers.length > 0)
    .flatMap((post) => post.stickers)
    .filter((url) => url.startsWith('https://image.noelshack.com'))
    .mapToPair((url) => [url, 1])
    .reduceByKey(add)
    .updateStateByKey((values, /** @type {number | undefined} */ total) => values.reduce(add, total ?? 0))

  const top = totals
    .mapToPair(([url, total]) => [total, url])
    .transformToPair((rdd) => rdd.sortByKey({ ascending: false }))
    .mapToPair(([total, url]) => [url, total])

  top.print(15, printing('stickers'))
  top.show('Top stickers', { as: 'pictures', limit: 24, key: ([url]) => pictureOf(url), href: ([url]) => url })
  posts.count().map(perSecond).show('Posts per second', { as: 'line', unit: 'posts/s' })
})
