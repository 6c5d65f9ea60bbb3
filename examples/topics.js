// @ts-check
// Main5 of the original: the topics with the most posts, over all time.
//
//   npx jvc-scraper --simulate      in one terminal
//   node examples/topics.js         in another
import { StreamingContext } from 'dstream'
import { JvcReceiver } from 'jvc-receiver'
import { feed, optionsOf } from './settings.js'

await StreamingContext.run(import.meta, optionsOf('topics'), (ssc) => {
  const posts = ssc.receiverStream(new JvcReceiver(feed))

  const totals = posts
    // By number, because two topics may have one title, and one topic may change its title.
    .mapToPair((post) => [post.topicId ?? post.topic, { topic: post.topic, posts: 1 }])
    .reduceByKey((a, b) => ({ topic: b.topic, posts: a.posts + b.posts }))
    .updateStateByKey((values, /** @type {{ topic: string, posts: number } | undefined} */ before) =>
      values.reduce(
        (sum, { topic, posts }) => ({ topic, posts: sum.posts + posts }),
        before ?? { topic: '', posts: 0 },
      ),
    )

  totals
    .mapToPair(([, { topic, posts }]) => [posts, topic])
    .transformToPair((rdd) => rdd.sortByKey({ ascending: false }))
    .mapToPair(([posts, topic]) => [topic, posts])
    .print(10)
})
