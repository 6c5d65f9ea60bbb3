import { encodeJvCare } from '../parse/jv-care.js'
import { siteSticker } from './content.js'
import type { Block, Content, Inline, Line } from './content.js'

const NAMED: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#039;',
  é: '&eacute;',
  è: '&egrave;',
  ê: '&ecirc;',
  à: '&agrave;',
  â: '&acirc;',
  ç: '&ccedil;',
  ù: '&ugrave;',
  û: '&ucirc;',
  î: '&icirc;',
  ï: '&iuml;',
  ô: '&ocirc;',
  œ: '&oelig;',
  É: '&Eacute;',
  Ç: '&Ccedil;',
  '’': '&rsquo;',
  '…': '&hellip;',
  '«': '&laquo;',
  '»': '&raquo;',
  '€': '&euro;',
}

/** Escapes as the site does in the body of a post: characters with a named entity become that entity. */
export function entities(text: string): string {
  return text.replace(/[&<>"'éèêàâçùûîïôœÉÇ’…«»€]/g, (character) => NAMED[character] ?? character)
}

/** Escapes as the site does elsewhere: only the characters that HTML requires. */
export function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => NAMED[character] ?? character)
}

/** An element whose address is hidden in its class. */
export function jvCare(address: string, classes: string, inner: string, attributes = ''): string {
  return `<span class="JvCare ${encodeJvCare(address)} ${classes}"${attributes}>${inner}</span>`
}

/** Renders a post's body in the current markup, for the payload's `renderedText` and for the page. */
export function bodyMarkup(content: Content): string {
  return content
    .map((block, index) => blockMarkup(block, content[index + 1]?.kind === 'paragraph' ? 'message__p' : undefined))
    .join('')
}

function blockMarkup(block: Block, paragraphClass = 'message__noBlankline'): string {
  switch (block.kind) {
    case 'paragraph':
      return `<p class="${paragraphClass}">${block.lines.map(lineMarkup).join('<br />')}</p>`
    case 'quote':
      return `<blockquote class="message__blockquote"><p class="message__noBlankline">${entities(block.head)}</p>${bodyMarkup(block.blocks)}</blockquote>`
    case 'spoil':
      return `<div class="message__spoil">${SPOIL_HEAD}<div class="message__spoilContent">${bodyMarkup(block.blocks)}</div></div>`
    case 'list': {
      const name = block.ordered ? 'ol' : 'ul'
      return `<${name} class="message__list">${block.items.map((item) => `<li>${lineMarkup(item)}</li>`).join('')}</${name}>`
    }
    case 'code':
      return `<pre class="message__pre"><code class="message__code">${entities(block.text)}</code></pre>`
    case 'sticker':
      return `<img class="message__sticker" src="${siteSticker(block.code)}" alt="[[sticker:p/${block.code}]]" />`
  }
}

const SPOIL_HEAD =
  '<input type="checkbox" id="0b7e5f" class="message__openSpoil"><label class="message__spoilHead" for="0b7e5f"><span class="message__spoilLabel">Spoil</span><span class="message__spoilDisplay">Afficher</span><span class="message__spoilMask">Masquer</span></label>'

function lineMarkup(line: Line): string {
  return line.map(inlineMarkup).join('')
}

function inlineMarkup(inline: Inline): string {
  switch (inline.kind) {
    case 'text':
      return entities(inline.text)
    case 'strong':
      return `<strong>${entities(inline.text)}</strong>`
    case 'smiley':
      return `<img src="https://image.jeuxvideo.com/smileys_img/${inline.file}.gif" alt="${inline.code}" data-code="${inline.code}" title="${inline.code}" width="16" height="16" class="message__smiley" />`
    case 'picture':
      // The second quote after _blank is the site's.
      return jvCare(
        inline.url,
        'message__urlImgWrapper',
        `<img class="message__urlImg message__urlImg" width="68" height="51" src="${thumbnail(inline.url)}" alt="${inline.url}" loading="lazy" />`,
        ' target="_blank""',
      )
    case 'large':
      return jvCare(
        inline.url,
        '',
        `<span class="message__urlImg message__urlImgLarge js-lazy js-lazy" data-src-background="${inline.url.replace('/fichiers/', '/fichiers-lg/')}"}"></span>`,
        ' target="_blank""',
      )
    case 'link':
      return jvCare(inline.url, '', cesure(inline.url), `  target="_blank"  title="${escape(inline.url)}" `)
    case 'spoil':
      return `<span class="message__spoil message__spoil--inline">${SPOIL_HEAD}<span class="message__spoilContent">${lineMarkup(inline.content)}</span></span>`
  }
}

/** The thumbnail is always a PNG, whatever the picture is. */
function thumbnail(url: string): string {
  return url.replace('/fichiers/', '/minis/').replace(/\.\w+$/, '.png')
}

/** A long address shows its two ends. */
function cesure(url: string): string {
  if (url.length < 50) return escape(url)
  const [head, middle, tail] = [url.slice(0, 25), url.slice(25, -15), url.slice(-15)].map(escape)
  return `${head}<i class="message__cesure"></i><span class="message__middleCesure">${middle}</span>${tail}`
}
