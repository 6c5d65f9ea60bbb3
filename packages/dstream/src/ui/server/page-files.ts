import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Answer, Request } from './router.js'

/** The one document of the page. All that moves is in the script, so that the policy can forbid scripts inside it. */
const DOCUMENT = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <meta name="referrer" content="no-referrer">
    <title>dstream</title>
    <link rel="icon" href="/assets/icon.svg" type="image/svg+xml">
    <link rel="stylesheet" href="/assets/page.css">
    <script type="module" src="/assets/page.js"></script>
  </head>
  <body>
    <div id="page"></div>
    <noscript>This page needs JavaScript. The figures are also at /api/v1/applications and /metrics.</noscript>
  </body>
</html>
`

const ICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#1f6feb"/><path d="M6 20c4 0 4-8 8-8s4 8 8 8 3-3 4-5" fill="none" stroke="#fff" stroke-width="3" stroke-linecap="round"/></svg>`

const TYPES: Readonly<Record<string, string>> = {
  'page.js': 'text/javascript; charset=utf-8',
  'page.css': 'text/css; charset=utf-8',
}

/** Returns the folder with the built page: beside the built library, or the one of the package when its source runs. */
function pageFolder(): string {
  const own = typeof __filename === 'string' ? __filename : fileURLToPath(import.meta.url)
  for (let folder = dirname(own); ; folder = dirname(folder)) {
    for (const candidate of [join(folder, 'page'), join(folder, 'dist/page')]) {
      if (existsSync(join(candidate, 'page.js'))) return candidate
    }
    if (folder === dirname(folder)) throw new Error('The page of dstream is not built: its folder dist/page is missing')
  }
}

/** Serves the files of the page. They are read once, and a browser asks each time whether they are still the same. */
export class PageFiles {
  readonly #files = new Map<string, Answer>()

  constructor() {
    const folder = pageFolder()
    for (const [name, type] of Object.entries(TYPES)) this.#add(name, type, readFileSync(join(folder, name)))
    this.#add('icon.svg', 'image/svg+xml', Buffer.from(ICON))
  }

  /** The document; the path of the page is read by its script. */
  document(policy: string): Answer {
    return {
      status: 200,
      type: 'text/html; charset=utf-8',
      body: DOCUMENT,
      headers: { 'content-security-policy': policy },
    }
  }

  file({ params, raw }: Request): Answer {
    const file = this.#files.get(params['name']!)
    if (file === undefined) return { status: 404, type: 'text/plain; charset=utf-8', body: 'There is no such file' }
    return raw.headers['if-none-match'] === file.headers!['etag'] ? { ...file, status: 304, body: '' } : file
  }

  #add(name: string, type: string, body: Uint8Array): void {
    const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`
    this.#files.set(name, { status: 200, type, body, headers: { etag, 'cache-control': 'no-cache' } })
  }
}
