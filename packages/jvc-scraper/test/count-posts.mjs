// @ts-check
// A job for the tests that kill it: how often each post was received, written to the file OUT after every batch.
import { rename, writeFile } from 'node:fs/promises'
import { Milliseconds, StreamingContext } from 'dstream'
import { JvcReceiver } from 'jvc-receiver'

const { CHECKPOINT_DIR: checkpointDir, OUT: out = '', SCRAPER_PORT: port } = process.env
const options = { appName: 'count-posts', batchInterval: Milliseconds(200), checkpointDir }

await StreamingContext.run(import.meta, options, (ssc) => {
  const feed = { host: '127.0.0.1', port: Number(port), reconnect: { baseMs: 20, maxMs: 200 } }
  ssc
    .receiverStream(new JvcReceiver(feed))
    .mapToPair((post) => [post.id, 1])
    .reduceByKey((a, b) => a + b)
    .updateStateByKey((values, /** @type {number | undefined} */ n) => values.reduce((a, b) => a + b, n ?? 0))
    .foreachRDD(async (rdd) => {
      await writeFile(`${out}.new`, JSON.stringify(await rdd.collect()))
      await rename(`${out}.new`, out)
    })
})
