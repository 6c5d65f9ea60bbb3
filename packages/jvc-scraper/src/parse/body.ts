import { MarkupError } from './markup.js'
import type { MarkupNode } from './markup.js'
import { pictureUrl, readPicture } from './picture.js'
import type { Attributes } from './picture.js'
import { readAttributes, scanMarkup } from './scan.js'

/** The content of a post: its author's own words and pictures. */
export interface PostBody {
  /** The lines of the text, joined by `\n`; may be empty. */
  readonly message: string
  /** The full addresses of the pictures in order, with repetitions. */
  readonly stickers: readonly string[]
  /** The reason why the body could not be read to its end, or undefined. */
  readonly problem: string | undefined
}

/** Elements without text of the author, above all quotes. */
const SKIPPED = new Set(
  'blockquote button iframe noscript object script select style svg template textarea title video'.split(' '),
)
/** Classes without text of the author: the label of a spoil, a signature that slipped into the body, a video player. */
const SKIPPED_CLASS =
  /(?:^|\s)(?:message__spoilHead|barre-head|messageUser__signature|signature-msg|player-contenu|player-jv)(?:\s|$)/
/** The attributes that are read. */
const RELEVANT_ATTRIBUTES = new Set(['alt', 'class', 'data-code', 'data-def', 'data-src', 'data-src-background', 'src'])
const NO_ATTRIBUTES: Attributes = {}
const MAYBE_RELEVANT = /spoilHead|barre-head|signature|player-|data-src-background/
/** Elements with a line break before and after. */
const BLOCK_ELEMENTS = new Set(
  'blockquote dd div dl dt figure h1 h2 h3 h4 h5 h6 hr li ol p pre section table td th tr ul'.split(' '),
)
/** White space by the rules of HTML, which exclude the no-break space. */
const SPACES = /[ \t\n\r\f]+/g

/**
 * Reads the inner HTML of a post's body, in any generation of the markup.
 *
 * Paragraphs, list items, `<br>` and lines of code become lines. Quotes are skipped with all their content, spoils keep
 * their content but not their labels, and smileys become their code. Stickers are the pictures of noelshack (by `alt`; the
 * `#large` ones, which have no `<img>`, by `data-src-background`) and the site's own (by `src`).
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

class BodyReader {
  readonly #lines: string[] = []
  readonly #stickers: string[] = []
  #line = ''
  #depth = 0
  #pre = 0
  /** The depth of the outermost element that is skipped, or 0. */
  #skippedFrom = 0

  open(name: string, attributes: Attributes): void {
    this.#depth++
    if (this.#skippedFrom > 0) return
    if (BLOCK_ELEMENTS.has(name)) this.#breakLine()
    if (SKIPPED.has(name) || SKIPPED_CLASS.test(attributes['class'] ?? '')) this.#skippedFrom = this.#depth
    else if (name === 'br') this.#endLine()
    else if (name === 'img') this.#picture(attributes)
    else if (name === 'pre') this.#pre++
    else this.#largePicture(attributes)
  }

  /** Returns whether the attributes of an element matter. For most they do not, and parsing them takes time. */
  wants(name: string, raw: string): boolean {
    return this.#skippedFrom === 0 && (name === 'img' || MAYBE_RELEVANT.test(raw))
  }

  text(data: string): void {
    if (this.#skippedFrom > 0) return
    if (this.#pre > 0) return this.#codeText(data)
    const words = data.replace(SPACES, ' ')
    this.#line += words.startsWith(' ') && (this.#line === '' || this.#line.endsWith(' ')) ? words.slice(1) : words
  }

  close(name: string): void {
    if (this.#skippedFrom === this.#depth) this.#skippedFrom = 0
    else if (this.#skippedFrom === 0 && name === 'pre') this.#pre--
    this.#depth--
    if (this.#skippedFrom === 0 && BLOCK_ELEMENTS.has(name)) this.#breakLine()
  }

  end(problem?: string): PostBody {
    this.#endLine()
    let from = 0
    let to = this.#lines.length
    while (from < to && this.#lines[from] === '') from++
    while (to > from && this.#lines[to - 1] === '') to--
    return { message: this.#lines.slice(from, to).join('\n'), stickers: this.#stickers, problem }
  }

  #picture(attributes: Attributes): void {
    const picture = readPicture(attributes)
    if (picture?.kind === 'smiley') this.text(picture.text)
    else if (picture !== undefined) this.#stickers.push(picture.url)
  }

  #largePicture(attributes: Attributes): void {
    const url = pictureUrl(attributes['data-src-background'] ?? '')
    if (url !== undefined) this.#stickers.push(url)
  }

  #codeText(data: string): void {
    const [first = '', ...others] = data.split(/\r\n|\r|\n/)
    this.#line += first
    for (const line of others) {
      this.#endLine()
      this.#line = line
    }
  }

  #breakLine(): void {
    if (this.#line.trim() === '') this.#line = ''
    else this.#endLine()
  }

  #endLine(): void {
    this.#lines.push(this.#line.trimEnd())
    this.#line = ''
  }
}
