// @ts-check
// The settings that the five jobs share: the feed, the batch interval, the checkpoints and the page.
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { Milliseconds } from 'dstream'
import { authorsOf } from './text.js'

const { env } = process

/** The scraper's feed. */
export const feed = { host: env['SCRAPER_HOST'] || 'localhost', port: number('SCRAPER_PORT', 6667) }

/** Recognises the authors whose posts `pseudo.js` prints. */
export const isWanted = wanted(env['PSEUDO'] || 'surf_colos2')

const batchMs = number('BATCH_MS', 3000)

/** @param {string} appName the job's name, which is also the name of its folder of checkpoints */
export function optionsOf(appName) {
  return {
    appName,
    batchInterval: Milliseconds(batchMs),
    checkpointDir: env['CHECKPOINT_DIR'] || join(env['CHECKPOINTS'] || '.checkpoint', appName),
    ui: page(),
  }
}

/** The page of the jobs: with --ui on port 4040, with UI_PORT on that port; its board loads pictures from PICTURES only. */
function page() {
  if (!env['UI_PORT'] && !process.argv.includes('--ui')) return false
  const images = env['PICTURES'] ? [env['PICTURES']] : []
  return { port: number('UI_PORT', 4040), images }
}

/**
 * Returns where a picture is loaded from: PICTURES may name another host that has the same ones, such as the simulated forum.
 *
 * @param {string} address
 */
export function pictureOf(address) {
  return env['PICTURES'] ? new URL(new URL(address).pathname, env['PICTURES']).href : address
}

/** @param {number} records of a batch */
export function perSecond(records) {
  return (records * 1000) / batchMs
}

/**
 * Returns the options of `print`: with LABELS, as where several jobs share a terminal, each line begins with the job's name.
 *
 * @param {string} appName
 */
export function printing(appName) {
  return env['LABELS'] ? { out: labelled(appName) } : {}
}

/** @param {string} appName */
function labelled(appName) {
  return new Writable({
    decodeStrings: false,
    write: (text, _, done) => {
      process.stdout.write(
        String(text)
          .replace(/^/gm, `${appName.padEnd(9)} | `)
          .replace(/[^\n]*$/, ''),
        done,
      )
    },
  })
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
