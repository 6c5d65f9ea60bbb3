// @ts-check
// Takes pictures of the page while the five forum jobs run on the simulated forum: those of docs/observability.md and
// README.md, in docs/images. `--all <folder>` takes every page instead, at three widths, light and dark, to be looked at.
// Needs Chromium: apt-get install chromium.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import puppeteer from 'puppeteer-core'

const root = fileURLToPath(new URL('..', import.meta.url))
const { values } = parseArgs({ options: { all: { type: 'string' }, batches: { type: 'string', default: '60' } } })

/** The pictures of the documents: the page, the job, the width and the scheme of colours. */
const OF_DOCUMENTS = /** @type {const} */ ([
  { file: 'board', path: '/board/', app: 'stickers', width: 1280, scheme: 'light', height: 1000 },
  { file: 'streaming', path: '/streaming/', app: 'wordcount', width: 1280, scheme: 'light', height: 1000 },
  { file: 'plan', path: '/plan/', app: 'wordcount', width: 1280, scheme: 'dark', height: 900 },
])
const PAGES = ['streaming', 'board', 'plan', 'state', 'sources', 'storage', 'environment']
const WIDTHS = [360, 1280, 2560]

/** @returns {Promise<number>} */
async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())
  server.close()
  await once(server, 'close')
  return port
}

const ui = await freePort()
const jobs = spawn(process.execPath, [join(root, 'examples/start.js'), 'all'], {
  stdio: ['ignore', 'ignore', 'inherit'],
  env: { ...process.env, SCRAPER_PORT: String(await freePort()), UI_PORT: String(ui), BATCH_MS: '1000' },
})
const url = `http://127.0.0.1:${ui}`
const chromium = spawnSync('sh', ['-c', 'command -v chromium || command -v chromium-browser'], { encoding: 'utf8' })
const browser = await puppeteer.launch({
  executablePath: chromium.stdout.trim(),
  args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu'],
})

try {
  await running(Number(values.batches))
  if (values.all === undefined) for (const picture of OF_DOCUMENTS) await take(picture, join(root, 'docs/images'))
  else await takeAll(values.all)
} finally {
  await browser.close()
  jobs.kill('SIGTERM')
  if (jobs.exitCode === null) await once(jobs, 'exit')
}

/** Waits until the job of words has completed so many batches. @param {number} batches */
async function running(batches) {
  for (;;) {
    if (jobs.exitCode !== null) throw new Error(`The jobs have ended with ${jobs.exitCode}`)
    const answer = await fetch(`${url}/api/v1/applications/topics/streaming/statistics`).catch(() => undefined)
    const { numTotalCompletedBatches: done = 0 } = /** @type {{ numTotalCompletedBatches?: number }} */ (
      answer?.ok === true ? await answer.json() : {}
    )
    if (done >= batches) return
    await new Promise((resolve) => setTimeout(resolve, 500))
  }
}

/** @param {string} folder */
async function takeAll(folder) {
  for (const scheme of /** @type {const} */ (['light', 'dark'])) {
    for (const width of WIDTHS) {
      for (const name of PAGES) {
        const app = name === 'plan' || name === 'state' || name === 'board' ? 'stickers' : 'wordcount'
        await take({ file: `${name}-${width}-${scheme}`, path: `/${name}/`, app, width, scheme }, folder)
      }
      const answer = await fetch(`${url}/api/v1/applications/wordcount/streaming/batches?status=completed`)
      const [batch] = /** @type {{ batchId: number }[]} */ (await answer.json())
      const path = `/streaming/batch/?id=${batch?.batchId}`
      await take({ file: `batch-${width}-${scheme}`, path, app: 'wordcount', width, scheme }, folder)
    }
  }
}

/**
 * @param {{ file: string, path: string, app: string, width: number, scheme: 'light' | 'dark', height?: number }} picture
 *   without a height the whole page is taken
 * @param {string} folder
 */
async function take({ file, path, app, width, scheme, height }, folder) {
  mkdirSync(folder, { recursive: true })
  const page = await browser.newPage()
  await page.setViewport({ width, height: height ?? 900 })
  await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }])
  await page.goto(`${url}${path}${path.includes('?') ? '&' : '?'}app=${app}`)
  await page.waitForSelector('main :is(h1, section, article)')
  if (path === '/plan/') await page.click('svg .node.stateful, svg .node')
  // Pictures and charts are drawn in the next frames.
  await page.waitForFunction('[...document.images].every((image) => image.complete)')
  await new Promise((resolve) => setTimeout(resolve, 500))
  await page.screenshot({
    path: join(folder, `${file}.webp`),
    type: 'webp',
    quality: 80,
    fullPage: height === undefined,
  })
  await page.close()
}
