import { Parser } from 'htmlparser2'
import { MAX_DEPTH, MarkupError } from './markup.js'

/** Receives the events of a scan in order. Every opened element is closed again, properly nested. */
export interface ScanHandler {
  /** @param raw the text of the attributes, for {@link readAttributes}; for most elements it is never parsed. */
  open(name: string, raw: string): void
  text(data: string): void
  close(name: string): void
}

const VOID = new Set('area base br col embed frame hr img input link meta param source track wbr'.split(' '))
/** Elements whose content is text up to their end tag. */
const RAW_TEXT = new Set('iframe noembed noframes script style textarea title xmp'.split(' '))
const NAME = /[^\s/>]*/y
const END_OR_VALUE = /[>=]/g
const SPACE = /\s*/y
const ATTRIBUTE = /([^\s/=>]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]+)))?/g
const ENTITY = /&(?:#\d{1,9}|#x[\da-f]{1,8}|[a-z][a-z\d]{0,40});?/gi

/**
 * Scans a fragment of markup in one pass. Skipping from bracket to bracket makes it several times as fast as a tokenizer
 * that examines every character, because the long attributes of posts are mostly of no interest. Errors in the markup are
 * tolerated as browsers do.
 *
 * @throws MarkupError on elements nested deeper than 512, after the events before that place were delivered.
 */
export function scanMarkup(html: string, handler: ScanHandler): void {
  new Scan(html, handler).run()
}

class Scan {
  readonly #stack: string[] = []
  #at = 0

  readonly #html: string
  readonly #handler: ScanHandler

  constructor(html: string, handler: ScanHandler) {
    this.#html = html
    this.#handler = handler
  }

  run(): void {
    const html = this.#html
    while (this.#at < html.length) {
      const bracket = html.indexOf('<', this.#at)
      if (bracket !== this.#at) this.#text(bracket < 0 ? html.length : bracket)
      else if (isLetter(html.charCodeAt(bracket + 1))) this.#startTag()
      else if (html[bracket + 1] === '/' && isLetter(html.charCodeAt(bracket + 2))) this.#endTag()
      else if (html.startsWith('<!--', bracket)) this.#at = after(html, '-->', bracket + 2)
      else if (/^<[!?/]/.test(html.slice(bracket, bracket + 2))) this.#at = after(html, '>', bracket)
      else this.#strayBracket()
    }
    while (this.#stack.length > 0) this.#handler.close(this.#stack.pop() ?? '')
  }

  #text(end: number): void {
    this.#handler.text(decodeEntities(this.#html.slice(this.#at, end)))
    this.#at = end
  }

  #strayBracket(): void {
    this.#handler.text('<')
    this.#at++
  }

  #startTag(): void {
    const html = this.#html
    const handler = this.#handler
    const stack = this.#stack
    const name = this.#nameAt(this.#at + 1)
    const attributes = this.#at + 1 + name.length
    const end = tagEnd(html, attributes)
    // A tag that never ends is dropped with everything after it, as in browsers.
    this.#at = end < 0 ? html.length : end + 1
    if (end < 0) return
    if ((name === 'p' || name === 'li') && stack.at(-1) === name) handler.close(stack.pop() ?? '')
    if (!VOID.has(name) && stack.length >= MAX_DEPTH) throw MarkupError.tooDeep()
    handler.open(name, html.slice(attributes, end))
    if (VOID.has(name)) return handler.close(name)
    stack.push(name)
    if (RAW_TEXT.has(name)) this.#rawText(name)
  }

  #endTag(): void {
    const handler = this.#handler
    const stack = this.#stack
    const name = this.#nameAt(this.#at + 2)
    this.#at = after(this.#html, '>', this.#at)
    const place = stack.lastIndexOf(name)
    while (place >= 0 && stack.length > place) handler.close(stack.pop() ?? '')
    // These two end tags create an element when none is open.
    if (place < 0 && (name === 'p' || name === 'br')) {
      handler.open(name, '')
      handler.close(name)
    }
  }

  #rawText(name: string): void {
    const ending = new RegExp(`</${name}`, 'gi')
    ending.lastIndex = this.#at
    this.#text(ending.exec(this.#html)?.index ?? this.#html.length)
  }

  #nameAt(from: number): string {
    NAME.lastIndex = from
    return (NAME.exec(this.#html)?.[0] ?? '').toLowerCase()
  }
}

/** Parses the wanted attributes of an element, by lower-case name. The first of several with one name counts. */
export function readAttributes(raw: string, wanted: ReadonlySet<string>): Record<string, string> {
  const found: Record<string, string> = {}
  ATTRIBUTE.lastIndex = 0
  for (let match = ATTRIBUTE.exec(raw); match !== null; match = ATTRIBUTE.exec(raw)) {
    const key = (match[1] ?? '').toLowerCase()
    if (!wanted.has(key) || Object.hasOwn(found, key)) continue
    found[key] = decodeEntities(match[2] ?? match[3] ?? match[4] ?? '')
  }
  return found
}

/** Returns the end of a tag, or -1. Quotes count only after an equals sign, which tolerates the site's stray ones. */
function tagEnd(html: string, from: number): number {
  for (let at = from; ;) {
    END_OR_VALUE.lastIndex = at
    const found = END_OR_VALUE.exec(html)
    if (found === null) return -1
    if (found[0] === '>') return found.index
    SPACE.lastIndex = found.index + 1
    SPACE.exec(html)
    at = SPACE.lastIndex
    const quote = html[at]
    if (quote !== '"' && quote !== "'") continue
    const close = html.indexOf(quote, at + 1)
    if (close < 0) return -1
    at = close + 1
  }
}

function after(html: string, mark: string, from: number): number {
  const found = html.indexOf(mark, from)
  return found < 0 ? html.length : found + mark.length
}

function isLetter(code: number): boolean {
  return (code >= 97 && code <= 122) || (code >= 65 && code <= 90)
}

const entities = new Map<string, string>()
/** The number of entities cached. Posts use a few dozen; a damaged page must not fill the memory. */
const MAX_ENTITIES = 2000

function decodeEntities(text: string): string {
  return text.includes('&') ? text.replace(ENTITY, decodeEntity) : text
}

/** Decodes an entity with htmlparser2, which knows all names, and caches the result. */
function decodeEntity(entity: string): string {
  const known = entities.get(entity)
  if (known !== undefined) return known
  let decoded = ''
  const parser = new Parser({ ontext: (data) => (decoded += data) })
  parser.end(entity)
  if (entities.size < MAX_ENTITIES) entities.set(entity, decoded)
  return decoded
}
