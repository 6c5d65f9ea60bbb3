// @ts-check
// Main2 of the original: the authors who have written most, over all time.
//
//   npx jvc-scraper --simulate      in one terminal
//   node examples/auteurs.js        in another
import { StreamingContext } from 'dstream'
import { JvcReceiver } from 'jvc-receiver'
import { feed, optionsOf, printing } from './settings.js'

/** @param {number} a @param {number} b */
function add(a, b) {
  return a + b
}

await StreamingContext.run(import.meta, optionsOf('auteurs'), (ssc) => {
  const posts = ssc.receiverStream(new JvcReceiver(feed))

  const totals = posts
    .mapToPair((post) => [post.auteur, 1])
    .reduceByKey(add)
    .updateStateByKey((values, /** @type {number | undefined} */ total) => values.reduce(add, total ?? 0))

  const top = totals
    .mapToPair(([auteur, total]) => [total, auteur])
    .transformToPair((rdd) => rdd.sortByKey({ ascending: false }))
    .mapToPair(([total, auteur]) => [auteur, total])

  top.print(10, printing('auteurs'))
  top.show('Top authors', {
    as: 'bars',
    limit: 15,
    unit: 'posts',
    href: ([auteur]) => `https://www.jeuxvideo.com/profil/${encodeURIComponent(auteur.toLowerCase())}?mode=infos`,
  })
})
