import { decodeJvCare } from './jv-care.js'
import { MarkupError } from './markup.js'
import type { MarkupNode } from './markup.js'
import { isPicture, pictureUrl, readPicture } from './picture.js'
import type { Attributes } from './picture.js'
import { parseQuoteHead } from './quote.js'
import { readAttributes, scanMarkup } from './scan.js'
import type { QuotedPost } from './types.js'

/** The content of a post: its author's own words, pictures and links, and the posts that it quotes. */
export interface PostBody {
  /** The lines of the text, joined by `\n`; may be empty. */
  readonly message: string
  /** The full addresses of the pictures in order, with repetitions. */
  readonly stickers: readonly string[]
  /** The addresses of links and videos in order, with repetitions. */
  readonly links: readonly string[]
  /** The posts quoted directly, in order. */
  readonly quotes: readonly QuotedPost[]
  /** The reason why the body could not be read to its end, or undefined. */
  readonly problem: string | undefined
}

/** Elements without text of the author, above all quotes. */
const SKIPPED = new Set(
  'audio blockquote button iframe noscript object script select style svg template textarea title video'.split(' '),
)
/** Classes without text of the author: the label of a spoil, a signature that slipped into the body. */
const SKIPPED_CLASS = /(?:^|\s)(?:message__spoilHead|barre-head|messageUser__signature|signature-msg)(?:\s|$)/
/** A frame around a video. It is skipped, but the address of the video is kept, as is that of a sound. */
const PLAYER_CLASS = /(?:^|\s)(?:player-contenu|player-jv)(?:\s|$)/
const PLAYERS = new Set('audio embed iframe object video'.split(' '))
/** The attributes of a player that may hold the address of the video, the most specific first. */
const PLAYER_ADDRESSES = ['src', 'data-src', 'data-srcset-video', 'data-video', 'data-url', 'data', 'href']
/** The attributes that are read. */
const RELEVANT_ATTRIBUTES = new Set([
  ...PLAYER_ADDRESSES,
  'alt',
  'class',
  'data-code',
  'data-def',
  'data-src-background',
])
const NO_ATTRIBUTES: Attributes = {}
const RELEVANT_ELEMENTS = new Set(['a', 'img', ...PLAYERS])
const MAYBE_RELEVANT = /JvCare|spoilHead|barre-head|signature|player-|data-src-background/
/** Elements with a line break before and after. */
const BLOCK_ELEMENTS = new Set(
  'blockquote dd div dl dt figure h1 h2 h3 h4 h5 h6 hr li ol p pre section table td th tr ul'.split(' '),
)
/** White space by the rules of HTML, which exclude the no-break space. */
const SPACES = /[ \t\n\r\f]+/g
/** The number of characters at the start of a quote that may hold its head. */
const MAX_QUOTE_HEAD = 300

/**
 * Reads the inner HTML of a post's body, in any generation of the markup.
 *
 * Paragraphs, list items, `<br>` and lines of code become lines. Quotes are skipped with all their content, spoils keep
 * their content but not their labels, and smileys become their code. Stickers are the pictures of noelshack (by `alt`; the
 * `#large` ones, which have no `<img>`, by `data-src-background`) and the site's own (by `src`). A video, and a link
 * without text, is replaced by its address on a line or in the text.
 *
 * @example
 * readBody('<blockquote>toi</blockquote><p>moi<br>aussi</p>').message // 'moi\naussi'
 */
export function readBody(html: string): PostBody {
  const reader = new BodyReader()
  try {
    scanMarkup(html, {
      open: (name, raw) =>
        reader.open(name, reader.wants(name, raw) ? readAttributes(raw, RELEVANT_ATTRIBUTES) : NO_ATTRIBUTES),
      text: (data) => reader.text(data),
      close: (name) => reader.close(name),
    })
  } catch (error) {
    if (!(error instanceof MarkupError)) throw error
    return reader.end(error.message)
  }
  return reader.end()
}

/** Reads a body that is already a tree, as {@link readBody} does. */
export function readBodyNodes(nodes: readonly MarkupNode[]): PostBody {
  const reader = new BodyReader()
  const walk = (node: MarkupNode): void => {
    if (node.type === 'text') return reader.text(node.data)
    if (!('attribs' in node)) return
    reader.open(node.name, node.attribs)
    node.children.forEach(walk)
    reader.close(node.name)
  }
  nodes.forEach(walk)
  return reader.end()
}

/** A link that is open. */
interface OpenLink {
  readonly depth: number
  readonly url: string
  /** Whether the link contains text or a picture. */
  hasContent: boolean
  /** Whether the link contains a picture, so that it leads to the picture's full form. */
  hasPicture: boolean
}

class BodyReader {
  readonly #lines: string[] = []
  readonly #stickers: string[] = []
  readonly #links: string[] = []
  readonly #quotes: QuotedPost[] = []
  /**
   * The current line. Nothing may look into it before it ends: V8 stores it as a tree of pieces, and looking flattens the
   * tree, which makes the time quadratic. The two flags answer what has to be known earlier.
   */
  #line = ''
  #endsWithSpace = true
  #isBlank = true
  #depth = 0
  #pre = 0
  /** The depth of the outermost element that is skipped, or 0. */
  #skippedFrom = 0
  /** The kind of the skipped element, when some of its content matters. */
  #skipped: 'player' | 'quote' | undefined
  #video: string | undefined
  #quoteHead = ''
  #link: OpenLink | undefined

  /** Returns whether the attributes of an element matter. For most they do not, and parsing them takes time. */
  wants(name: string, raw: string): boolean {
    if (this.#skippedFrom > 0) return this.#skipped === 'player' && this.#video === undefined
    return RELEVANT_ELEMENTS.has(name) || MAYBE_RELEVANT.test(raw)
  }

  open(name: string, attributes: Attributes): void {
    this.#depth++
    if (this.#skippedFrom > 0) return this.#openSkipped(name, attributes)
    if (BLOCK_ELEMENTS.has(name)) this.#breakLine()
    const classes = attributes['class'] ?? ''
    if (PLAYERS.has(name) || PLAYER_CLASS.test(classes)) this.#skip('player', attributes)
    else if (name === 'blockquote') this.#skip('quote', attributes)
    else if (SKIPPED.has(name) || SKIPPED_CLASS.test(classes)) this.#skip(undefined, attributes)
    else if (name === 'br') this.#endLine()
    else if (name === 'img') this.#picture(attributes)
    else if (name === 'pre') this.#pre++
    else {
      this.#openLink(name, attributes, classes)
      this.#largePicture(attributes)
    }
  }

  text(data: string): void {
    if (this.#skippedFrom > 0) {
      if (this.#skipped === 'quote') this.#addQuoteHead(data)
      return
    }
    if (this.#pre > 0) return this.#codeText(data)
    const words = data.replace(SPACES, ' ')
    this.#append(words.startsWith(' ') && this.#endsWithSpace ? words.slice(1) : words)
  }

  close(name: string): void {
    if (this.#skippedFrom === this.#depth) this.#endSkipped()
    else if (this.#skippedFrom === 0 && name === 'pre') this.#pre--
    if (this.#link?.depth === this.#depth) this.#closeLink(this.#link)
    this.#depth--
    if (this.#skippedFrom === 0 && BLOCK_ELEMENTS.has(name)) this.#breakLine()
  }

  end(problem?: string): PostBody {
    this.#endLine()
    let from = 0
    let to = this.#lines.length
    while (from < to && this.#lines[from] === '') from++
    while (to > from && this.#lines[to - 1] === '') to--
    const message = this.#lines.slice(from, to).join('\n')
    return { message, stickers: this.#stickers, links: this.#links, quotes: this.#quotes, problem }
  }

  #skip(kind: 'player' | 'quote' | undefined, attributes: Attributes): void {
    this.#skippedFrom = this.#depth
    this.#skipped = kind
    this.#quoteHead = ''
    this.#video = kind === 'player' ? videoUrl(attributes) : undefined
  }

  #openSkipped(name: string, attributes: Attributes): void {
    if (this.#skipped === 'player') this.#video ??= videoUrl(attributes)
    else if (name === 'br' || BLOCK_ELEMENTS.has(name)) this.#addQuoteHead('\n')
  }

  #endSkipped(): void {
    this.#skippedFrom = 0
    const quote = this.#skipped === 'quote' ? parseQuoteHead(this.#quoteHead) : undefined
    if (quote !== undefined) this.#quotes.push(quote)
    if (this.#video === undefined) return
    this.#links.push(this.#video)
    this.#breakLine()
    this.#append(this.#video)
    this.#endLine()
    this.#video = undefined
  }

  #addQuoteHead(data: string): void {
    if (this.#quoteHead.length < MAX_QUOTE_HEAD) this.#quoteHead += data.slice(0, MAX_QUOTE_HEAD)
  }

  #picture(attributes: Attributes): void {
    const picture = readPicture(attributes, this.#link?.url)
    if (picture?.kind === 'smiley') this.text(picture.text)
    else if (picture !== undefined) this.#addSticker(picture.url)
  }

  #largePicture(attributes: Attributes): void {
    const url = pictureUrl(attributes['data-src-background'] ?? '')
    if (url !== undefined) this.#addSticker(url)
  }

  #addSticker(url: string): void {
    this.#stickers.push(url)
    if (this.#link !== undefined) this.#link.hasContent = this.#link.hasPicture = true
  }

  #openLink(name: string, attributes: Attributes, classes: string): void {
    if (this.#link !== undefined) return
    const url = linkUrl(name, attributes, classes)
    if (url !== undefined) this.#link = { depth: this.#depth, url, hasContent: false, hasPicture: false }
  }

  #closeLink({ url, hasContent, hasPicture }: OpenLink): void {
    this.#link = undefined
    if (hasPicture) return
    if (!hasContent && isPicture(url)) return void this.#stickers.push(pictureUrl(url) ?? url)
    this.#links.push(url)
    if (!hasContent) this.#append(this.#endsWithSpace ? url : ` ${url}`)
  }

  #codeText(data: string): void {
    const [first = '', ...others] = data.split(/\r\n|\r|\n/)
    this.#append(first)
    for (const line of others) {
      this.#endLine()
      this.#append(line)
    }
  }

  #append(text: string): void {
    if (text === '') return
    this.#line += text
    this.#endsWithSpace = text.endsWith(' ')
    if (text.trim() === '') return
    this.#isBlank = false
    if (this.#link !== undefined) this.#link.hasContent = true
  }

  #breakLine(): void {
    if (this.#isBlank) this.#resetLine()
    else this.#endLine()
  }

  #endLine(): void {
    this.#lines.push(this.#line.trimEnd())
    this.#resetLine()
  }

  #resetLine(): void {
    this.#line = ''
    this.#endsWithSpace = true
    this.#isBlank = true
  }
}

function videoUrl(attributes: Attributes): string | undefined {
  for (const name of PLAYER_ADDRESSES) {
    const url = webUrl(attributes[name])
    if (url !== undefined) return url
  }
  return undefined
}

function linkUrl(name: string, attributes: Attributes, classes: string): string | undefined {
  if (name === 'a') return webUrl(attributes['href'])
  return classes.startsWith('JvCare ') ? webUrl(decodeJvCare(classes.split(' ', 2)[1] ?? '')) : undefined
}

/** Returns an http address in full, or undefined. An address within the site gets the site's host. */
function webUrl(text: string | undefined): string | undefined {
  const address = text?.trim() ?? ''
  const absolute = address.startsWith('//')
    ? `https:${address}`
    : address.startsWith('/')
      ? `https://www.jeuxvideo.com${address}`
      : address
  return absolute.length <= 2000 && /^https?:\/\/[^\s\p{Cc}]+$/u.test(absolute) ? absolute : undefined
}
