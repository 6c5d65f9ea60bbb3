import { load } from 'cheerio/slim'
import type { CheerioAPI } from 'cheerio/slim'
import { DomHandler, Parser } from 'htmlparser2'
import type { Handler, parseDocument } from 'htmlparser2'

/** A node of a page's tree. */
export type MarkupNode = ReturnType<typeof parseDocument>['children'][number]

/** The maximum nesting depth. Real pages reach about 40; the parser's time is quadratic in the depth. */
export const MAX_DEPTH = 512
/** Elements for which the parser keeps a second stack, which grows without bound on a damaged page. */
const FOREIGN = new Set(['svg', 'math', 'mi', 'mo', 'mn', 'ms', 'mtext', 'annotation-xml', 'foreignobject', 'desc'])
const MAX_FOREIGN = 2000
/** The maximum number of nodes and attributes. Real pages hold about 8,000; each takes some 50 times its text. */
const MAX_NODES = 40_000

/** Thrown for markup that exceeds the limits and that no page of the site has. */
export class MarkupError extends Error {
  override readonly name = 'MarkupError'

  static tooDeep(): MarkupError {
    return new MarkupError(`the markup is nested deeper than ${MAX_DEPTH} elements`)
  }
}

/**
 * Parses markup in one pass, in time linear in its length.
 *
 * @throws MarkupError on markup nested deeper than 512 elements or with more than 40,000 nodes, after the events before that place were delivered.
 */
export function readMarkup(html: string, handler: Partial<Handler>): void {
  const parser = new Parser({ ...bindAll(handler), ...limits(handler) }, { decodeEntities: true })
  parser.write(html)
  parser.end()
}

/** Builds a tree to query. @throws MarkupError as {@link readMarkup}. */
export function loadMarkup(html: string): CheerioAPI {
  const builder = new DomHandler()
  readMarkup(html, builder)
  return load(builder.root)
}

/** Returns whether the page was received to its end. A truncated page must not be taken for a short one. */
export function isWhole(html: string): boolean {
  return /<\/html\s{0,9}>/i.test(html)
}

function limits(handler: Partial<Handler>): Partial<Handler> {
  let depth = 0
  let foreign = 0
  let nodes = 0
  const count = (): void => {
    if (++nodes > MAX_NODES) throw new MarkupError(`the markup holds more than ${MAX_NODES} nodes and attributes`)
  }
  return {
    onattribute: count,
    ontext(data) {
      count()
      handler.ontext?.(data)
    },
    oncomment(data) {
      count()
      handler.oncomment?.(data)
    },
    onopentagname(name) {
      count()
      if (++depth > MAX_DEPTH) throw MarkupError.tooDeep()
      if (FOREIGN.has(name) && ++foreign > MAX_FOREIGN) {
        throw new MarkupError(`the markup holds more than ${MAX_FOREIGN} elements of SVG or MathML`)
      }
    },
    onclosetag(name, implied) {
      depth--
      handler.onclosetag?.(name, implied)
    },
  }
}

function bindAll(handler: Partial<Handler>): Partial<Handler> {
  return {
    onparserinit: (parser) => handler.onparserinit?.(parser),
    onopentag: (name, attributes, implied) => handler.onopentag?.(name, attributes, implied),
    oncommentend: () => handler.oncommentend?.(),
    onend: () => handler.onend?.(),
  }
}
