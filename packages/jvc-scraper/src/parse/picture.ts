/** The attributes of one element by lower-case name. */
export type Attributes = Readonly<Record<string, string | undefined>>

/** What an `<img>` stands for in a post. */
export type Picture =
  { readonly kind: 'smiley'; readonly text: string } | { readonly kind: 'sticker'; readonly url: string }

const SMILEY = /(?:^|\s)message__smiley(?:\s|$)/
/** Nearly every picture of a post: its address needs no work. */
const FULL_PICTURE = /^https:\/\/image\.noelshack\.com\/fichiers\/[\w./-]{1,400}$/
const SITE_STICKER = /(?:^|\s)(?:img-stickers|message__sticker)(?:\s|$)/

/**
 * Reads an `<img>` of a post. A smiley is text, by its code. A picture of noelshack is known by its `alt`, the full
 * picture: `src` is a thumbnail and always `.png`. A sticker of the site is known by its `src`. Any other picture says
 * nothing: undefined.
 */
export function readPicture(attributes: Attributes): Picture | undefined {
  const { alt = '', class: classes = '' } = attributes
  const code = attributes['data-code']
  if (code !== undefined || SMILEY.test(classes) || attributes['data-def'] === 'SMILEYS') {
    return { kind: 'smiley', text: code ?? alt }
  }
  const lazy = attributes['data-src']
  const src = (lazy !== undefined && !attributes['src']?.startsWith('http') ? lazy : attributes['src']) ?? ''
  if (src.includes('/smileys_img/')) return { kind: 'smiley', text: alt }
  const url = pictureUrl(alt) ?? (SITE_STICKER.test(classes) || isNoelshack(src) ? pictureUrl(src) : undefined)
  return url === undefined ? undefined : { kind: 'sticker', url }
}

/**
 * The full address of a picture: always with a scheme, `https` on the two hosts that have it, and for noelshack the full
 * picture in place of one of its reduced forms (`minis`, `fichiers-xs`, `-sm`, `-md`, `-lg`).
 *
 * @returns undefined when the text is no http address.
 */
export function pictureUrl(text: string): string | undefined {
  if (FULL_PICTURE.test(text)) return text
  const absolute = text.trim().replace(/^\/\//, 'https://')
  if (absolute.length > 2000 || !/^https?:\/\/[^\s\p{Cc}]+$/u.test(absolute)) return undefined
  return absolute
    .replace(/^http:\/\/image\.(noelshack|jeuxvideo)\.com\//, 'https://image.$1.com/')
    .replace(/^(https:\/\/image\.noelshack\.com)\/(?:minis|fichiers-(?:xs|sm|md|lg))\//, '$1/fichiers/')
}

function isNoelshack(address: string): boolean {
  return /^(?:https?:)?\/\/image\.noelshack\.com\//.test(address)
}
