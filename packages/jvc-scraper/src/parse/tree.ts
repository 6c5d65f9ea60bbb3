import type { Cheerio, CheerioAPI } from 'cheerio/slim'
import { readBodyNodes } from './body.js'
import type { PostBody } from './body.js'
import { digits, parseAddress } from './address.js'
import type { ForumAddress } from './address.js'
import { jvCareOf } from './jv-care.js'
import type { MarkupNode } from './markup.js'

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
