/** The attributes of one element by lower-case name. */
export type Attributes = Readonly<Record<string, string | undefined>>

/** The meaning of an `<img>` in a post. */
export type Picture =
  { readonly kind: 'smiley'; readonly text: string } | { readonly kind: 'sticker'; readonly url: string }

const SMILEY = /(?:^|\s)message__smiley(?:\s|$)/
/** The form of nearly every picture's address, which needs no normalisation. */
const FULL_PICTURE = /^https:\/\/image\.noelshack\.com\/fichiers\/[\w./-]{1,400}$/
const SITE_STICKER = /(?:^|\s)(?:img-stickers|message__sticker)(?:\s|$)/

/**
 * Reads an `<img>` of a post. A smiley is text: its code. A picture of noelshack is identified by its `alt`, the address of
 * the full picture, because `src` is a thumbnail and always `.png`. A sticker of the site is identified by its `src`.
 *
 * @returns undefined for any other picture.
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
 * Normalises the address of a picture: it gets a scheme, which is `https` on the two hosts that support it, and a reduced
 * form of noelshack (`minis`, `fichiers-xs`, `-sm`, `-md`, `-lg`) becomes the full picture.
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
