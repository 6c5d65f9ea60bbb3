// @ts-check
// A job in CommonJS.
const { Milliseconds, StreamingContext } = require('dstream')

void StreamingContext.run(module, { appName: 'common', batchInterval: Milliseconds(50) }, async (ssc) => {
  const { numberBatches, report } = await import('./report.mjs')
  const counts = ssc.queueStream(numberBatches(ssc, 2)).countByValue()
  report(ssc, { counts }, 2)
})
