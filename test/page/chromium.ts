import { spawnSync } from 'node:child_process'
import puppeteer, { type Browser } from 'puppeteer-core'

/** The names under which distributions install the browser. */
const NAMES = ['chromium', 'chromium-browser', 'google-chrome']

function find(): string | undefined {
  return NAMES.find((name) => spawnSync(name, ['--version']).status === 0)
}

/** Looks for Chromium. In CI (`DSTREAM_CI`) the answer is yes, so that its tests fail when it is missing. */
export function hasChromium(): boolean {
  if (find() !== undefined || process.env['DSTREAM_CI']) return true
  console.warn('No Chromium on the PATH: its tests are left out. apt-get install chromium')
  return false
}

/** Starts a browser without a window. A container has neither a sandbox for it nor much shared memory. */
export function startChromium(): Promise<Browser> {
  const path = spawnSync('sh', ['-c', `command -v ${find() ?? 'chromium'}`], { encoding: 'utf8' }).stdout.trim()
  return puppeteer.launch({
    executablePath: path,
    args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu'],
  })
}
