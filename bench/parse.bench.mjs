// @ts-check
// Forum pages read per second of CPU time: the scraper's parsers against cheerio on the whole page and against a bare
// pass of htmlparser2 over it, by turns.
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { load } from 'cheerio'
import { Parser } from 'htmlparser2'
import { parseTopicList, parseTopicPage } from 'jvc-scraper'
import { startSimulator } from 'jvc-scraper/simulator'
import { median, report } from './measure.mjs'

const ROUNDS = 9
/** Seconds of CPU time a measurement takes at least. */
const ENOUGH = 0.4

/** @param {() => void} work */
function perSecondOfCpu(work) {
  const start = process.cpuUsage()
  for (let runs = 1; ; runs++) {
    work()
    const { user, system } = process.cpuUsage(start)
    if (user + system >= ENOUGH * 1e6) return runs / ((user + system) / 1e6)
  }
}

/** What a scraper written on cheerio does with a page, in today's markup. @param {string} html */
function withCheerio(html) {
  const $ = load(html)
  return $('.messageUser')
    .map((_, post) => ({
      author: $(post).find('.messageUser__label').text(),
      date: $(post).find('.messageUser__date').text(),
      message: $(post).find('.js-message-user-msg').text(),
      stickers: $(post)
        .find('.js-message-user-msg img')
        .map((_, image) => $(image).attr('alt'))
        .get(),
    }))
    .get()
}

/** @param {string} html */
function bareSax(html) {
  const parser = new Parser({ onopentag() {}, ontext() {}, onclosetag() {} })
  parser.write(html)
  parser.end()
}

/** The real saved pages when they are there, else pages of the invented forum. */
async function pages() {
  const saved = fileURLToPath(new URL('../../shared/fixtures/jvc/2026-07_respawnirc_', import.meta.url))
  if (existsSync(`${saved}forum.html`)) {
    return {
      from: 'real',
      topic: readFileSync(`${saved}topic-page1.html`, 'utf8'),
      list: readFileSync(`${saved}forum.html`, 'utf8'),
    }
  }
  const simulator = await startSimulator({ rate: 0, history: 900 })
  const list = await (await fetch(simulator.forumUrl)).text()
  const row = parseTopicList(list).rows.find((each) => each.lastPage > 1)
  const topic = await (await fetch(simulator.url + row?.url)).text()
  await simulator.close()
  return { from: 'invented', topic, list }
}

const { from, topic, list } = await pages()
const bare = topic.replace('forumsAppPayload', 'otherPayload')
/** @type {Record<string, () => void>} */
const works = {
  'topic, cheerio on the whole page': () => withCheerio(topic),
  'topic, bare pass of htmlparser2': () => bareSax(topic),
  'topic, by the payload': () => parseTopicPage(topic),
  'topic, by the markup': () => parseTopicPage(bare),
  'list, by the payload': () => parseTopicList(list),
}
/** @type {Record<string, number[]>} */
const figures = Object.fromEntries(Object.keys(works).map((name) => [name, []]))
// Alternating, so that a busy moment of the machine hits all alike.
for (let round = 0; round < ROUNDS; round++) {
  for (const [name, work] of Object.entries(works)) figures[name]?.push(perSecondOfCpu(work))
}
const cheerio = figures['topic, cheerio on the whole page'] ?? []
/** @param {string} name */
const toCheerio = (name) => median((figures[name] ?? []).map((value, round) => value / (cheerio[round] ?? Number.NaN)))
report(`forum pages (${from} ones) per second of CPU`, [
  ...Object.entries(figures).map(([name, values]) => ({ name, value: median(values), unit: 'pages/s' })),
  // 800 pages/s were asked for where cheerio does 198.
  { name: 'topic, by the payload, to cheerio', value: toCheerio('topic, by the payload'), unit: '×', atLeast: 4 },
  { name: 'topic, by the markup, to cheerio', value: toCheerio('topic, by the markup'), unit: '×' },
])
