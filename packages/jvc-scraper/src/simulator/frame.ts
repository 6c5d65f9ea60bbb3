import { gzipSync } from 'node:zlib'
import { escape, jvCare } from './markup.js'

/** The form in which a page carries its data. */
export interface Dress {
  /** The payload: packed as today, as in April 2026, damaged, or not there. */
  readonly payload: 'gzip' | 'plain' | 'garbage' | 'none'
  /** True when the visible markup holds the data too. */
  readonly visible: boolean
}

/** A page of the site around its main part. */
export function pageFrame(
  { title, address, main, payload }: { title: string; address: string; main: string; payload: unknown },
  dress: Dress,
): string {
  const path = escape(address)
  return `
<!DOCTYPE html>
<html lang="fr">
<head>
<title>${escape(title)} - jeuxvideo.com
</title>
<meta charset="utf-8">
<meta name="robots" content="noarchive, index, follow, max-snippet:-1" />
<link rel="alternate" media="only screen and (max-width: 640px)" href="https://m.jeuxvideo.com${path}" />
<link href="https://static.jvc.gg/26.18.1/css/skin-forum.css" rel="stylesheet" />
<script>window.jvc=window.jvc||{};window.jvc.isAdblocked = false;</script>
</head>
<body>
<header class="header js-header"><span class="headerAccount__pseudo">CONNEXION</span></header>
<div class="layout__row layout__contentMain layout__row--gutter">
<div id="forum-main-col"><div class="container__main">
${main}
<div class="nosticky"><ins data-ad-position="inread1" data-breakpoints= "l,xl" ></ins></div>
</div></div>
<aside>${jvCare('/newsletter/', 'footer__link', 'Newsletter')}</aside>
${payloadScript(payload, dress)}
</div>
<footer>${jvCare('/contact.php', 'footer__link', 'Contact')}${jvCare('javascript:jvc.displayCookieConsent();', 'footer__link', 'Cookies')}</footer>
</body>
</html>
`
}

function payloadScript(payload: unknown, { payload: form }: Dress): string {
  if (form === 'none') return ''
  const packed = form === 'garbage' ? Buffer.from('{"listMessage":[{') : pack(JSON.stringify(payload), form)
  return `<script>window.jvc=window.jvc||{};window.jvc.forumsAppPayload="${packed.toString('base64')}";</script>`
}

function pack(json: string, form: 'gzip' | 'plain'): Buffer {
  // The lowest level, so that measurements of the scraper do not measure the simulator.
  return form === 'gzip' ? gzipSync(json, { level: 1 }) : Buffer.from(json)
}

/** A pager as the site draws it; `address` gives the path of a page. */
export function pager(current: number, count: number, address: (page: number) => string): string {
  const end = (name: string, page: number, active: boolean): string =>
    active
      ? jvCare(address(page), `pagination__button pagination__button--${name} pagination__button--light`, '')
      : `<span class="pagination__item pagination__item--${name} pagination__button--light pagination__item--disabled"></span>`
  const numbers = shownPages(current, count).map((page) =>
    page === current
      ? `<span class="pagination__item pagination__item--current">${page}</span>`
      : `<a class="pagination__button" href="${escape(address(page))}">${page}</a>`,
  )
  const ends = [
    end('first', 1, current > 1),
    end('prev', current - 1, current > 1),
    end('next', current + 1, current < count),
    end('last', count, current < count),
  ]
  return `<div class="container__pagination"><div class="pagination"><nav class="pagination__navigation pagination__navigation--bottom">${ends.join('')}</nav><nav class="pagination__navigation pagination__navigation--zone1">${numbers.join('')}</nav></div></div>`
}

/** The same in the payload; `pages` is partial there too. */
export function pagerView(current: number, count: number, address: (page: number) => string): unknown {
  const link = (page: number): unknown => ({ pageNumber: page, url: address(page) })
  return {
    currentPage: current,
    pageCount: count,
    pages: shownPages(current, count).map(link),
    prev: current > 1 ? link(current - 1) : null,
    next: current < count ? link(current + 1) : null,
    first: link(1),
    last: link(count),
  }
}

function shownPages(current: number, count: number): number[] {
  const pages = new Set([1, count])
  for (let page = current - 4; page <= current + 9; page++) if (page >= 1 && page <= count) pages.add(page)
  return [...pages].sort((a, b) => a - b)
}
