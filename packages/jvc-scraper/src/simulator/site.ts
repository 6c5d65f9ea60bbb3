import { parseAddress } from '../parse/address.js'
import type { ForumAddress } from '../parse/address.js'
import type { Dress } from './frame.js'
import type { FaultName } from './faults.js'
import type { SimulatedPost, SimulatedTopic } from './archive.js'
import type { Forum } from './forum.js'
import { listView } from './list-view.js'
import { pictureAt } from './picture-file.js'
import { topicView } from './topic-view.js'

/** An answer of the site. */
export interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
  /** The posts that a reader of this answer has seen. */
  readonly posts: readonly SimulatedPost[]
}

/** Pages kept rendered; some 100 KB each. */
const CACHED_PAGES = 300

/** Answers requests for pages as the real site does. */
export class Site {
  readonly #forum: Forum
  readonly #cache = new Map<string, { mark: string; body: Buffer }>()

  constructor(forum: Forum) {
    this.#forum = forum
  }

  /**
   * @param path path and query of the request.
   * @param now epoch milliseconds.
   * @param fault the fault of this answer, as far as it concerns the page
   */
  answer(path: string, now: number, fault?: FaultName): Reply {
    const dress = DRESSES[fault ?? ''] ?? TODAY

    if (path === '/robots.txt') return reply(200, 'User-agent: *\nDisallow: /sso/\n', 'text/plain')
    if (path === '/forums.htm') return html(200, FORUM_INDEX)
    if (path.startsWith('/sso/login'))
      return html(200, '<html><head><title>Connexion - jeuxvideo.com</title></head></html>')
    const picture = pictureAt(path)
    if (picture !== undefined) return reply(200, picture, 'image/svg+xml', { 'cache-control': 'max-age=86400' })
    const message = /^\/forums\/message\/(\d+)$/.exec(path)?.[1]
    if (message !== undefined) return this.#message(message)
    const address = parseAddress(path)
    if (address?.forumId !== this.#forum.forumId) return address === undefined ? html(404, NOT_FOUND) : toIndex()
    return address.kind === 'list' ? this.#list(address, now, dress) : this.#topic(address, dress, fault)
  }

  /** Redirects the address of a post to the page that shows it. */
  #message(id: string): Reply {
    const page = this.#forum.pageOf(id)
    return page === undefined ? html(404, NOT_FOUND) : redirect(302, `${page}#post_${id}`)
  }

  #list(address: ForumAddress, now: number, dress: Dress): Reply {
    if (address.page > this.#forum.listPageCount()) return html(404, NOT_FOUND)
    const mark = `${this.#forum.version}/${Math.floor(now / 60_000)}`
    return this.#page(`list/${address.page}`, mark, dress, [], () => listView(this.#forum, address.page, now, dress))
  }

  #topic(address: ForumAddress, dress: Dress, fault: FaultName | undefined): Reply {
    const topic = this.#forum.topic(address.topicId)
    if (this.#forum.isGone(address.topicId)) return html(410, GONE)
    if (topic === undefined || fault === 'to-index') return toIndex()
    if (fault === 'to-lower-page' && address.page > 1)
      return redirect(302, this.#forum.address(topic, address.page - 1))
    const count = this.#forum.pageCount(topic)
    const canonical = this.#forum.address(topic, Math.min(address.page, count))
    if (address.page > count) return redirect(302, canonical)
    if (!canonical.endsWith(`-0-${address.slug}.htm`)) return redirect(301, canonical)
    return this.#topicPage(topic, address.page, dress, fault === 'swap')
  }

  #topicPage(topic: SimulatedTopic, page: number, dress: Dress, swap: boolean): Reply {
    const posts = swap ? swapped(this.#forum.pagePosts(topic, page)) : this.#forum.pagePosts(topic, page)
    // A page is the same as long as its posts, the number of pages and the title are.
    const ids = posts.map((post) => post.id).join()
    const mark = `${this.#forum.pageCount(topic)}/${topic.title}/${ids}`
    return this.#page(`${topic.id}/${page}`, mark, dress, posts, () =>
      topicView(this.#forum, topic, page, dress, posts),
    )
  }

  #page(name: string, mark: string, dress: Dress, posts: readonly SimulatedPost[], render: () => string): Reply {
    const key = `${name}/${dress.payload}/${dress.visible}`
    let cached = this.#cache.get(key)
    if (cached?.mark !== mark) cached = { mark, body: Buffer.from(render()) }
    this.#cache.delete(key)
    this.#cache.set(key, cached)
    const oldest = this.#cache.keys().next()
    if (this.#cache.size > CACHED_PAGES && oldest.done !== true) this.#cache.delete(oldest.value)
    return { status: 200, headers: HTML, body: cached.body, posts }
  }
}

const TODAY: Dress = { payload: 'gzip', visible: true }
const DRESSES: Readonly<Record<string, Dress>> = {
  'bad-payload': { payload: 'garbage', visible: true },
  'no-payload': { payload: 'none', visible: true },
  'plain-payload': { payload: 'plain', visible: true },
  'unknown-markup': { payload: 'none', visible: false },
}
const HTML = { 'content-type': 'text/html; charset=utf-8' }
const FORUM_INDEX =
  '<html><head><title>Forums - jeuxvideo.com</title></head><body><h1>Tous les forums</h1></body></html>'
const NOT_FOUND = errorPage(404, 'Cette page n’existe pas.')
const GONE = errorPage(410, 'Ce topic a été supprimé par son auteur.')

/** An answer without posts. */
export function reply(
  status: number,
  body: string,
  type: string,
  headers: Readonly<Record<string, string>> = {},
): Reply {
  return { status, headers: { 'content-type': type, ...headers }, body: Buffer.from(body), posts: [] }
}

export function html(status: number, body: string, headers: Readonly<Record<string, string>> = {}): Reply {
  return reply(status, body, HTML['content-type'], headers)
}

export function redirect(status: number, location: string): Reply {
  return html(status, stub(location), { location })
}

/** Redirects to the forum index, the site's answer for a topic or forum that never existed. */
export function toIndex(): Reply {
  return redirect(302, '/forums.htm')
}

function stub(location: string): string {
  return `<!DOCTYPE html>
<html>
    <head>
        <meta charset="UTF-8" />
        <meta http-equiv="refresh" content="0;url='https://www.jeuxvideo.com${location}'" />

        <title>Redirecting to https://www.jeuxvideo.com${location}</title>
    </head>
    <body>
        Redirecting to <a href="https://www.jeuxvideo.com${location}">https://www.jeuxvideo.com${location}</a>.
    </body>
</html>`
}

function errorPage(status: number, sentence: string): string {
  return `<html><head><title>Erreur ${status}</title></head><body><img class="img-erreur" src="/img/erreurs/e${status}.png" alt="ERREUR ${status}"><strong>${sentence}</strong></body></html>`
}

function swapped(posts: readonly SimulatedPost[]): SimulatedPost[] {
  const out = [...posts]
  for (let i = 0; i + 1 < out.length; i += 2) out.splice(i, 2, ...out.slice(i, i + 2).reverse())
  return out
}
