// @ts-check
// Main5 of the original: the topics with the most posts, over all time.
//
//   npx jvc-scraper --simulate      in one terminal
//   node examples/topics.js         in another
import { StreamingContext } from 'dstream'
import { JvcReceiver } from 'jvc-receiver'
import { feed, optionsOf, printing } from './settings.js'

await StreamingContext.run(import.meta, optionsOf('topics'), (ssc) => {
  const posts = ssc.receiverStream(new JvcReceiver(feed))

  const totals = posts
    // By number, because two topics may have one title, and one topic may change its title.
    .mapToPair((post) => [post.topicId ?? post.topic, { topic: post.topic, posts: 1, last: post.permalink ?? '' }])
    .reduceByKey((a, b) => ({ topic: b.topic, posts: a.posts + b.posts, last: b.last }))
    .updateStateByKey((values, /** @type {{ topic: string, posts: number, last: string } | undefined} */ before) =>
      values.reduce(
        (sum, { topic, posts, last }) => ({ topic, posts: sum.posts + posts, last }),
        before ?? { topic: '', posts: 0, last: '' },
      ),
    )

  const top = totals
    .mapToPair(([, total]) => [total.posts, total])
    .transformToPair((rdd) => rdd.sortByKey({ ascending: false }))
    .map(([, total]) => total)

  top.mapToPair(({ topic, posts }) => [topic, posts]).print(10, printing('topics'))
  top.show('Topics', { key: 'topic', value: 'posts', limit: 15, unit: 'posts', href: 'last' })
})
