// @ts-check
// The settings that the five jobs share: the feed, the batch interval and the folder of checkpoints.
import { Milliseconds } from 'dstream'
import { authorsOf } from './text.js'

const { env } = process

/** The scraper's feed. */
export const feed = { host: env['SCRAPER_HOST'] || 'localhost', port: number('SCRAPER_PORT', 6667) }

/** Recognises the authors whose posts `pseudo.js` prints. */
export const isWanted = wanted(env['PSEUDO'] || 'surf_colos2')

/** @param {string} appName the job's name, which is also the name of its folder of checkpoints */
export function optionsOf(appName) {
  return {
    appName,
    batchInterval: Milliseconds(number('BATCH_MS', 3000)),
    checkpointDir: env['CHECKPOINT_DIR'] || `.checkpoint/${appName}`,
  }
}

/** @param {string} pseudo */
function wanted(pseudo) {
  try {
    return authorsOf(pseudo)
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    process.exit(2)
  }
}

/** @param {string} name @param {number} otherwise */
function number(name, otherwise) {
  const text = env[name]
  if (!text) return otherwise
  const value = Number(text)
  if (Number.isInteger(value) && value > 0) return value
  console.error(`${name} must be a whole number above 0; got "${text}".`)
  process.exit(2)
}
