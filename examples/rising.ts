// A job in TypeScript: the topics that got more posts in the last 30 seconds than in the 30 seconds before.
// No step names a type: a receiver of posts gives a DStream<Post>, and the pairs of each step follow from it.
//
//   npx jvc-scraper --simulate     in one terminal
//   npx tsx examples/rising.ts     in another; Node 22.18 and later run it without tsx
import { Seconds, StreamingContext, type DStream, type Duration } from 'dstream'
import { JvcReceiver, type Post } from 'jvc-receiver'
import { feed, optionsOf, printing } from './settings.js'

/** The posts of a topic in the last window and in the window before it. */
export interface Rise {
  readonly now: number
  readonly before: number
}

/** Returns the topics with more posts in the last `window` than in the one before, the steepest rise first. */
export function rising(posts: DStream<Post>, window: Duration): DStream<[topic: string, rise: Rise]> {
  const topics = posts.map(({ topic }) => topic)
  const lastTwo = topics.countByValueAndWindow(window.times(2))
  return topics
    .countByValueAndWindow(window)
    .join(lastTwo)
    .mapValues(([now, both]) => ({ now, before: both - now }))
    .filter(([, { now, before }]) => now > before)
    .transformToPair((rdd) => rdd.sortBy(([, { now, before }]) => before - now))
}

await StreamingContext.run(import.meta, optionsOf('rising'), (ssc) => {
  rising(ssc.receiverStream(new JvcReceiver(feed)), Seconds(30))
    .map(([topic, { now, before }]) => `${topic}: ${now} posts, ${before} before`)
    .print(10, printing('rising'))
})
