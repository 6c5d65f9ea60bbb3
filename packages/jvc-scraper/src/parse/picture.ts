/** The attributes of one element by lower-case name. */
export type Attributes = Readonly<Record<string, string | undefined>>

/** The meaning of an `<img>` in a post. */
export type Picture =
  { readonly kind: 'smiley'; readonly text: string } | { readonly kind: 'sticker'; readonly url: string }

const SMILEY = /(?:^|\s)message__smiley(?:\s|$)/
/** The form of nearly every picture's address, which needs no normalisation. */
const FULL_PICTURE = /^https:\/\/image\.noelshack\.com\/fichiers\/[\w./-]{1,400}$/
const STICKER_CLASS = /(?:^|\s)(?:img-stickers|message__sticker)(?:\s|$)/
const SITE_STICKER =
  /^(?:https?:)?\/\/(?:(?:www\.)?jv\.stkr\.fr\/p\/|image\.jeuxvideo\.com\/stickers\/p\/(?:st\/)?)([\w-]{1,100})\/?(?:[?#].*)?$/
/** A sticker in the source of a post, which the `alt` repeats. */
const STICKER_CODE = /^\[\[sticker:p\/([\w-]{1,100})\]\]$/
/** The page of a picture on noelshack: year, week, day (since 2017), name. */
const NOELSHACK_PAGE =
  /^https?:\/\/(?:www\.)?noelshack\.com\/(\d{4})-(\d{2})-(?:(\d)-)?(\d{6,12}-[\w.-]{1,300})(?:[?#].*)?$/

/**
 * Reads an `<img>` of a post. A smiley is text: its code. A picture of noelshack is identified by the address of the full
 * picture: its `alt`, or the link around it. Its `src` is the last resort, because it is a thumbnail and always `.png`. A
 * sticker of the site is identified by its `src`.
 *
 * @param link the address of the link around the picture
 * @returns undefined for any other picture.
 */
export function readPicture(attributes: Attributes, link?: string): Picture | undefined {
  const { alt = '', class: classes = '' } = attributes
  const code = attributes['data-code']
  if (code !== undefined || SMILEY.test(classes) || attributes['data-def'] === 'SMILEYS') {
    return { kind: 'smiley', text: code ?? alt }
  }
  const lazy = attributes['data-src']
  const src = (lazy !== undefined && !attributes['src']?.startsWith('http') ? lazy : attributes['src']) ?? ''
  if (src.includes('/smileys_img/')) return { kind: 'smiley', text: alt }
  const url = identityOf(alt.trim(), src.trim(), classes, link)
  return url === undefined ? undefined : { kind: 'sticker', url }
}

/**
 * Normalises the address of a picture, so that a picture has one address. A missing scheme is added, and is `https` on the
 * two hosts that support it. A reduced form of noelshack (`minis`, `fichiers-xs`, `-sm`, `-md`, `-lg`) or the page of a
 * picture becomes the full picture. The three addresses of a sticker of the site become the present one.
 *
 * @returns undefined when the text is no http address.
 * @example
 * pictureUrl('http://jv.stkr.fr/p/1kkh') // 'https://image.jeuxvideo.com/stickers/p/st/1kkh'
 */
export function pictureUrl(text: string): string | undefined {
  if (FULL_PICTURE.test(text)) return text
  const absolute = text.trim().replace(/^\/\//, 'https://')
  if (absolute.length > 2000 || !/^https?:\/\/[^\s\p{Cc}]+$/u.test(absolute)) return undefined
  const sticker = SITE_STICKER.exec(absolute)?.[1]
  if (sticker !== undefined) return stickerUrl(sticker)
  const page = NOELSHACK_PAGE.exec(absolute)
  if (page !== null) {
    return `https://image.noelshack.com/fichiers/${page
      .slice(1)
      .filter((part) => part !== undefined)
      .join('/')}`
  }
  return absolute
    .replace(/^http:\/\/image\.(noelshack|jeuxvideo)\.com\//, 'https://image.$1.com/')
    .replace(/^(https:\/\/image\.noelshack\.com)\/(?:minis|fichiers-(?:xs|sm|md|lg))\//, '$1/fichiers/')
    .replace(/^(https:\/\/image\.noelshack\.com\/[^#]*)#.*$/, '$1')
}

/** Returns whether an address is that of a picture on noelshack or of a sticker of the site. */
export function isPicture(address: string): boolean {
  return isNoelshack(address) || NOELSHACK_PAGE.test(address) || SITE_STICKER.test(address)
}

function identityOf(alt: string, src: string, classes: string, link: string | undefined): string | undefined {
  const named = pictureUrl(alt)
  if (named !== undefined) return named
  const isSticker = STICKER_CLASS.test(classes) || SITE_STICKER.test(src)
  if (isSticker) {
    const code = STICKER_CODE.exec(alt)?.[1]
    return pictureUrl(src) ?? (code === undefined ? undefined : stickerUrl(code))
  }
  if (link !== undefined && isPicture(link)) return pictureUrl(link)
  return isNoelshack(src) ? pictureUrl(src) : undefined
}

function stickerUrl(code: string): string {
  return `https://image.jeuxvideo.com/stickers/p/st/${code}`
}

function isNoelshack(address: string): boolean {
  return /^(?:https?:)?\/\/image\.noelshack\.com\//.test(address)
}
