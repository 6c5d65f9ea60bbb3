// @ts-check
// A job for the tests that kill it. After every batch OUT holds how often each post was received, and OUT.words how often
// each word was written.
import { rename, writeFile } from 'node:fs/promises'
import { Milliseconds, StreamingContext } from 'dstream'
import { JvcReceiver } from 'jvc-receiver'

const { CHECKPOINT_DIR: checkpointDir, OUT: out = '', SCRAPER_PORT: port } = process.env
const options = { appName: 'count-posts', batchInterval: Milliseconds(200), checkpointDir }

/**
 * Writes a table of totals into a file, which is always the old table or the new one.
 * @param {string} file
 * @returns {(rdd: import('dstream').RDD<[string, number]>) => Promise<void>}
 */
function save(file) {
  return async (rdd) => {
    await writeFile(`${file}.new`, JSON.stringify(await rdd.collect()))
    await rename(`${file}.new`, file)
  }
}

/** @param {import('dstream').DStream<string>} names */
function totals(names) {
  return names
    .mapToPair((name) => [name, 1])
    .reduceByKey((a, b) => a + b)
    .updateStateByKey((values, /** @type {number | undefined} */ n) => values.reduce((a, b) => a + b, n ?? 0))
}

await StreamingContext.run(import.meta, options, (ssc) => {
  const feed = { host: '127.0.0.1', port: Number(port), reconnect: { baseMs: 20, maxMs: 200 } }
  const posts = ssc.receiverStream(new JvcReceiver(feed))
  // Outputs of a batch run in order: when a post is seen in OUT, its words are in the other file.
  totals(posts.flatMap((post) => post.message.split(/\s+/))).foreachRDD(save(`${out}.words`))
  totals(posts.map((post) => post.id)).foreachRDD(save(out))
})
