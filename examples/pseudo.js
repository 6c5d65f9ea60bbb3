// @ts-check
// Main3 of the original: every post of one author, or of several, as it comes.
//
//   npx jvc-scraper --simulate                    in one terminal
//   PSEUDO=surf_colos2 node examples/pseudo.js    in another
//
// PSEUDO is compared without case and may hold several names and regular expressions: PSEUDO='GrosPixel, /^mr-/i'.
import { StreamingContext } from 'dstream'
import { JvcReceiver } from 'jvc-receiver'
import { feed, isWanted, optionsOf } from './settings.js'

await StreamingContext.run(import.meta, optionsOf('pseudo'), (ssc) => {
  const posts = ssc.receiverStream(new JvcReceiver(feed))

  const wanted = posts.filter((post) => isWanted(post.auteur))

  wanted
    .map((post) => `${post.auteur}\n${post.hour}  ${post.topic}\n${indent(post.message)}`)
    // All of them, not the first few.
    .foreachRDD(async (rdd, time) => {
      for (const text of await rdd.collect()) console.log(`${time}  ${printable(text)}\n`)
    })
  wanted
    .map((post) => `${post.hour}  ${post.auteur} in ${post.topic}: ${post.message}`)
    .show('Posts of the wanted authors', { as: 'log', limit: 100 })
})

/** @param {string} message */
function indent(message) {
  return message.replace(/^/gm, '    ')
}

/**
 * Escapes control characters except line ends, so that posts cannot control the terminal.
 *
 * @param {string} text
 */
function printable(text) {
  // eslint-disable-next-line no-control-regex
  return text.replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, (c) =>
    JSON.stringify(c).slice(1, -1),
  )
}
