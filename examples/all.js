// @ts-check
// The five jobs in one process, with one page and one board: node examples/all.js --ui
import { collectJobs, definedJobs, StreamingContext } from 'dstream'

// The modules only define their jobs here: the program is this one.
collectJobs()
for (const name of ['stickers', 'auteurs', 'pseudo', 'wordcount', 'topics']) await import(`./${name}.js`)

const contexts = []
for (const { options, define } of definedJobs().values()) {
  const ssc = new StreamingContext({ stopGracefullyOnShutdown: true, ...options })
  await define(ssc)
  await ssc.start()
  contexts.push(ssc)
}

try {
  await Promise.all(contexts.map((ssc) => ssc.awaitTermination()))
} finally {
  // When one has failed the others stop in order.
  await Promise.all(contexts.map((ssc) => ssc.stop({ gracefully: true })))
}
