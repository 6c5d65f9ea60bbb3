import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { createServer, type Server } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import type { Browser, Page } from 'puppeteer-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { Seconds } from 'dstream'
import { TestContext } from 'dstream/testing'
import { hasChromium, startChromium } from './chromium.js'

// The built page in a real browser, of a job on the virtual clock: what is shown is what the job has done.

const HOSTILE = '<img src=x onerror="document.title=\'hit\'"> \u001b[31mred\u001b[0m \u202egnp.evil'
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const PAGES = ['streaming', 'board', 'plan', 'state', 'sources', 'storage', 'environment']

describe.skipIf(!hasChromium())('the page in Chromium', () => {
  let browser: Browser
  let pictures: Server
  let picturesUrl: string
  const contexts: TestContext[] = []
  const faults: string[] = []
  /** Origins that the browser has asked. */
  const asked = new Set<string>()

  beforeAll(async () => {
    browser = await startChromium()
    pictures = createServer((_, response) => {
      response.setHeader('content-type', 'image/svg+xml')
      response.end(
        '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="30"><rect width="40" height="30"/></svg>',
      )
    }).listen(0, '127.0.0.1')
    await once(pictures, 'listening')
    picturesUrl = `http://127.0.0.1:${(pictures.address() as AddressInfo).port}`
  })
  afterAll(async () => {
    await browser.close()
    pictures.close()
    pictures.closeAllConnections()
  })
  afterEach(async () => {
    for (const page of await browser.pages()) await page.close()
    for (const t of contexts.splice(0)) await t.ssc.stop().catch(() => undefined)
    expect(faults.splice(0)).toEqual([])
    asked.clear()
  })

  async function job(port = 0): Promise<TestContext> {
    const t = new TestContext({
      batchInterval: Seconds(1),
      appName: 'words',
      ui: { port, images: [picturesUrl] },
      onFailure: 'skip',
      retry: { attempts: 1 },
    })
    contexts.push(t)
    const rows = Array.from({ length: 60 }, (_, i) => [`a b c${i % 3}`, HOSTILE])
    const lines = t.input(rows)
    const words = lines.flatMap((line) => line.split(' '))
    const totals = words
      .mapToPair((word) => [word, 1])
      .reduceByKey((a, b) => a + b)
      .updateStateByKey((values, total: number | undefined) => values.reduce((a, b) => a + b, total ?? 0))
      .uid('totals')
    const top = totals.transformToPair((rdd) => rdd.sortByKey())
    top.show('Words', { as: 'bars', limit: 5, unit: 'times' })
    top.show('Table of words', { key: '0', value: '1', limit: 100 })
    lines.show('Lines', { as: 'log', href: () => 'javascript:alert(1)' })
    words.count().show('Words a batch', { as: 'line' })
    words.count().show('Now', { as: 'number', unit: 'words' })
    top.show('Pictures', {
      as: 'pictures',
      limit: 3,
      key: ([word]) => `${picturesUrl}/${encodeURIComponent(word)}.svg`,
    })
    lines.print(3)
    lines.foreachRDD((_, time) => {
      if (time.milliseconds % 7000 === 0) throw new Error(`the store is away: ${HOSTILE}`)
    })
    return t
  }

  async function open(t: TestContext, path: string, width = 1280): Promise<Page> {
    const page = await browser.newPage()
    // A guard only, which names the wait before the test's own guard ends it.
    page.setDefaultTimeout(150_000)
    // A page behind another one is not drawn.
    await page.bringToFront()
    await page.setViewport({ width, height: 900 })
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warn') faults.push(`${path}: ${message.text()}`)
    })
    page.on('pageerror', (error) => faults.push(`${path}: ${String(error)}`))
    page.on('request', (request) => asked.add(new URL(request.url()).origin))
    await page.goto(`${t.ssc.uiUrl}${path}`)
    await page.waitForFunction(() => document.querySelector('main :is(h1, section, article)') !== null)
    return page
  }

  /** Runs batches; one whose output fails is part of the job. */
  const run = (t: TestContext, batches: number): Promise<void> =>
    t.run(batches).catch((error: unknown) => {
      if (!String(error).includes('the store is away')) throw error
    })

  const text = (page: Page, selector: string): Promise<string> =>
    page.$eval(selector, (element) => element.textContent ?? '')

  test('batches come as they are run, sort and page; a failure shows its error', async () => {
    const t = await job()
    await run(t, 2)
    const page = await open(t, '/streaming/')
    const completed = 'section[aria-labelledby=completed]'
    const rows = (): Promise<string[]> =>
      page.$$eval(`${completed} tbody tr`, (all) => all.map((row) => row.querySelector('a')!.href))
    expect(await rows()).toHaveLength(2)
    await run(t, 40)
    await page.waitForFunction(() => document.querySelector('.lead')!.textContent!.includes('42 completed batches'))
    expect(await rows()).toHaveLength(20)
    expect((await rows())[0]).toContain('id=42000')
    await page.click(`${completed} th button`)
    expect((await rows())[0]).toContain('id=1000')
    await page.click(`${completed} nav button:last-of-type`)
    expect((await rows())[0]).toContain('id=21000')
    expect(await text(page, `${completed} tbody`)).toContain('the store is away')
    await page.goto(`${t.ssc.uiUrl}/streaming/batch/?id=7000`)
    await page.waitForSelector('tr.failed')
    expect(await text(page, 'tr.failed')).toContain('Failed due to error: Error: the store is away')
    expect(await text(page, 'h1')).toMatch(/^Details of batch at/)
    expect(await page.$$eval('[aria-label="Output operations"] tbody tr', (all) => all.length)).toBe(8)
    await page.waitForFunction(() => document.querySelector('[aria-label="Operators"]')?.textContent?.includes(' ms'))
    expect(await text(page, '[aria-label="Operators"] tbody')).toContain('reduceByKey')
  })

  test('charts are drawn, and move with the batches', async () => {
    const t = await job()
    await run(t, 3)
    const page = await open(t, '/streaming/')
    const picture = (): Promise<string> =>
      page.$eval('.figure canvas', (canvas) => (canvas as HTMLCanvasElement).toDataURL())
    await page.waitForSelector('.figure canvas')
    const before = await picture()
    await run(t, 5)
    await page.waitForFunction(() => document.querySelector('.lead')!.textContent!.includes('8 completed batches'))
    await page.waitForFunction(
      (was) => document.querySelector<HTMLCanvasElement>('.figure canvas')!.toDataURL() !== was,
      {},
      before,
    )
  })

  test('a click on a chart, and on a row, leads to its batch', async () => {
    const t = await job()
    await run(t, 12)
    const page = await open(t, '/streaming/')
    const isBatch = (): Promise<unknown> =>
      page.waitForFunction(() => document.querySelector('h1')?.textContent?.startsWith('Details of batch at'))
    await page.waitForSelector('.figure .u-over')
    await page.click('.figure .u-over')
    await isBatch()
    // The middle of a chart of twelve batches.
    expect(new URL(page.url()).searchParams.get('id')).toMatch(/^[67]000$/)
    await page.goBack()
    await page.click('section[aria-labelledby=completed] tbody tr:first-child a')
    await isBatch()
    expect(new URL(page.url()).searchParams.get('id')).toBe('12000')
  })

  test("the board has the job's own figures, pictures are loaded, and records are text", async () => {
    const t = await job()
    await run(t, 9)
    const page = await open(t, '/board/')
    const own = (await (await fetch(`${t.ssc.uiUrl}/api/v1/state/totals?limit=1000`)).json()) as {
      rows: { key: string; value: string }[]
    }
    const shown = await page.$$eval('[aria-label="Table of words"] tbody tr', (all) =>
      all.map((row) => [...row.querySelectorAll('td')].map((cell) => cell.textContent)),
    )
    // Control characters are shown as such, so these keys are compared by the others.
    const plain = (rows: (string | null)[][]) => rows.filter(([key]) => /^[\w<=]+$/.test(key!)).sort()
    expect(plain(shown)).toEqual(plain(own.rows.map(({ key, value }) => [key, value])))
    await page.waitForFunction(() => [...document.querySelectorAll('img')].every((img) => img.complete))
    const loaded = await page.$$eval('.pictures img', (all) => all.map((img) => img.naturalWidth))
    expect(loaded).toEqual([40, 40, 40])
    const log = await text(page, '[aria-label=Lines]')
    expect(log).toContain('<img src=x onerror=')
    expect(log).toContain('\\x1b[31mred')
    expect(log).toContain('\\u202egnp.evil')
    expect(await page.title()).toBe('Board · words')
    expect(await page.$$eval('a', (all) => all.filter(({ href }) => href.startsWith('javascript:')).length)).toBe(0)
    expect([...asked].sort()).toEqual([new URL(t.ssc.uiUrl!).origin, picturesUrl].sort())
  })

  test('a restart is said, and shows as a gap', async () => {
    const t = await job()
    await run(t, 3)
    const { port } = new URL(t.ssc.uiUrl!)
    const page = await open(t, '/streaming/')
    await t.ssc.stop()
    await page.waitForSelector('.notice.warn')
    expect(await text(page, '.phase')).toBe('Not connected')
    // The browser says in its console that nobody answers; this is no fault of the page.
    const again = await job(Number(port))
    await run(again, 2)
    await page.waitForFunction(() => document.querySelector('.notice')?.textContent?.includes('has restarted'))
    expect(await text(page, '.phase')).toBe('Running')
    expect(faults.splice(0).filter((line) => !/Failed to load resource|ERR_/.test(line))).toEqual([])
  })

  test('the state answers for a key, and with the largest', async () => {
    const t = await job()
    await run(t, 6)
    const page = await open(t, '/state/')
    await page.type('input[name=key]', 'a')
    await page.keyboard.press('Enter')
    await page.waitForFunction(() => document.querySelectorAll('[aria-label=Rows] tbody tr').length === 1)
    expect(await text(page, '[aria-label=Rows] tbody')).toBe('a6')
    await page.$eval('input[name=key]', (input) => ((input as HTMLInputElement).value = ''))
    await page.click('input[name=largest]')
    await page.click('form button')
    await page.waitForFunction(() => document.querySelectorAll('[aria-label=Rows] tbody tr').length > 1)
  })

  test('the keyboard reaches pages and operators', async () => {
    const t = await job()
    await run(t, 2)
    const page = await open(t, '/streaming/')
    const focused = (): Promise<string> => page.evaluate(() => document.activeElement?.textContent?.trim() ?? '')
    await page.keyboard.press('Tab')
    expect(await focused()).toBe('Skip to the content')
    while ((await focused()) !== 'Plan') await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await page.waitForFunction(() => document.querySelector('h1')?.textContent === 'Plan')
    while ((await page.evaluate(() => document.activeElement?.classList.contains('node'))) !== true) {
      await page.keyboard.press('Tab')
    }
    await page.keyboard.press('Enter')
    await page.waitForSelector('aside pre')
    expect(await text(page, 'aside')).toContain('page.test.ts')
  })

  // The layout is the same in both schemes, so that dark is looked at in one width.
  test.each([
    ['light', [360, 1280, 2560]],
    ['dark', [1280]],
  ])('axe finds nothing serious, in %s, and no page is wider than its window', async (scheme, widths) => {
    const t = await job()
    await run(t, 9)
    const found: string[] = []
    for (const width of widths) {
      const page = await open(t, '/streaming/', width)
      await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }])
      for (const name of [...PAGES, 'streaming/batch']) {
        await page.goto(`${t.ssc.uiUrl}/${name}/?id=7000`)
        await page.waitForFunction(() => document.querySelector('main :is(h1, section, article)') !== null)
        const overhang = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
        if (overhang > 0) found.push(`${name} at ${width}: ${overhang} px wider than the window`)
        // By the debugger's protocol, which no policy of the page forbids.
        await page.evaluate(AXE)
        const violations = await page.evaluate(async () => {
          const { violations: all } = await (window as never as { axe: { run(): Promise<AxeResults> } }).axe.run()
          return all.map(({ id, impact, nodes }) => ({ id, impact, at: nodes[0]!.html.slice(0, 120) }))
        })
        for (const { id, impact, at } of violations) {
          if (impact === 'serious' || impact === 'critical') found.push(`${name} at ${width}: ${id}, ${at}`)
        }
      }
      await page.close()
    }
    expect(found).toEqual([])
  })

  test('a tab that is hidden catches up when it is looked at', async () => {
    const t = await job()
    await run(t, 2)
    const page = await open(t, '/streaming/')
    const hide = (hidden: boolean): Promise<void> =>
      page.evaluate((is) => {
        Object.defineProperty(document, 'hidden', { value: is, configurable: true })
        document.dispatchEvent(new Event('visibilitychange'))
      }, hidden)
    await hide(true)
    await run(t, 5)
    await hide(false)
    await page.waitForFunction(() => document.querySelector('.lead')!.textContent!.includes('7 completed batches'))
  })
})

interface AxeResults {
  readonly violations: readonly { id: string; impact: string; nodes: readonly { html: string }[] }[]
}
