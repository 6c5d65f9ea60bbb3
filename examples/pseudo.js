// @ts-check
// Main3 of the original: every post of one author, as it comes.
//
//   npx jvc-scraper --simulate                    in one terminal
//   PSEUDO=surf_colos2 node examples/pseudo.js    in another
import { StreamingContext } from 'dstream'
import { JvcReceiver } from 'jvc-receiver'
import { feed, optionsOf, pseudo } from './settings.js'

await StreamingContext.run(import.meta, optionsOf('pseudo'), (ssc) => {
  const posts = ssc.receiverStream(new JvcReceiver(feed))

  posts
    .filter((post) => post.auteur === pseudo)
    .map((post) => `${post.hour}  ${post.topic}\n${indent(post.message)}`)
    // All of them, not the first few.
    .foreachRDD(async (rdd, time) => {
      for (const text of await rdd.collect()) console.log(`${time}  ${pseudo}\n${printable(text)}\n`)
    })
})

/** @param {string} message */
function indent(message) {
  return message.replace(/^/gm, '    ')
}

/**
 * What forum users write must not steer the terminal: control characters but the line end are shown as escapes.
 * @param {string} text
 */
function printable(text) {
  // eslint-disable-next-line no-control-regex
  return text.replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, (c) =>
    JSON.stringify(c).slice(1, -1),
  )
}
