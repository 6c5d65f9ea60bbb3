import type { Cheerio, CheerioAPI } from 'cheerio/slim'
import { readBodyNodes } from './body.js'
import type { PostBody } from './body.js'
import { digits, parseAddress } from './address.js'
import type { ForumAddress } from './address.js'
import { jvCareOf } from './jv-care.js'
import type { MarkupNode } from './markup.js'
import { SourceMissing } from './source-missing.js'

/** A selection of elements of a page's tree. */
export type Elements = Cheerio<MarkupNode>

/** Returns the elements of the page that match a selector. */
export function find($: CheerioAPI, selector: string): Elements {
  return $(selector) as unknown as Elements
}

/** Splits a selection into selections of one element. */
export function each($: CheerioAPI, elements: Elements): Elements[] {
  return elements.toArray().map((node) => $(node) as unknown as Elements)
}

/** The number of posts or rows that may lie within each other on a damaged page. */
const MAX_NESTING = 3

/**
 * Splits a selection of posts or rows as {@link each} does.
 *
 * @throws SourceMissing when they lie within each other: each is searched as a whole, so the work would be quadratic
 */
export function eachItem($: CheerioAPI, elements: Elements): Elements[] {
  const depths = new Map<MarkupNode, number>()
  for (const node of elements.toArray()) {
    let outer: MarkupNode | null = node.parent as MarkupNode | null
    while (outer !== null && !depths.has(outer)) outer = outer.parent as MarkupNode | null
    const depth = 1 + (outer === null ? 0 : (depths.get(outer) ?? 0))
    if (depth > MAX_NESTING) throw new SourceMissing('the posts or rows lie within each other: the markup is damaged')
    depths.set(node, depth)
  }
  return each($, elements)
}

/** Returns the address that an element links to: its `href` (after JavaScript) or its JvCare code. */
export function linkOf(element: Elements): string | undefined {
  return element.attr('href') ?? jvCareOf(element.attr('class'))
}

/** Returns the forum addresses among some links. */
export function addressesOf($: CheerioAPI, links: Elements): ForumAddress[] {
  return each($, links)
    .map((link) => parseAddress(linkOf(link)))
    .filter((address) => address !== undefined)
}

/** Returns the number after a prefix in an element's id, as digits: `message-12` → `12`. */
export function idAfter(prefix: string, value: string | undefined): string | undefined {
  const found = value?.startsWith(prefix) === true ? value.slice(prefix.length) : undefined
  return found !== undefined && /^\d{1,15}$/.test(found) && Number(found) > 0 ? digits(found) : undefined
}

/** Reads the body of a post from its element, or returns undefined when there is none. */
export function bodyOf(element: Elements): PostBody | undefined {
  return element.length === 0 ? undefined : readBodyNodes(element.contents().toArray() as MarkupNode[])
}
