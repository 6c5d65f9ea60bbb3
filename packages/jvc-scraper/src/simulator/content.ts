/** A piece of a line. */
export type Inline =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'strong'; readonly text: string }
  | { readonly kind: 'smiley'; readonly code: string; readonly file: string }
  | { readonly kind: 'picture'; readonly url: string }
  | { readonly kind: 'large'; readonly url: string }
  | { readonly kind: 'link'; readonly url: string }
  | { readonly kind: 'spoil'; readonly content: Line }

export type Line = readonly Inline[]

/** A part of a post's body. */
export type Block =
  | { readonly kind: 'paragraph'; readonly lines: readonly Line[] }
  | { readonly kind: 'quote'; readonly head: string; readonly blocks: readonly Block[] }
  | { readonly kind: 'spoil'; readonly blocks: readonly Block[] }
  | { readonly kind: 'list'; readonly ordered: boolean; readonly items: readonly Line[] }
  | { readonly kind: 'code'; readonly text: string }
  | { readonly kind: 'sticker'; readonly code: string }

export type Content = readonly Block[]

/** The author's own words as the feed must carry them: the truth that the reading of the markup is compared with. */
export function plainText(content: Content): string {
  const lines = content.flatMap(blockLines)
  const used = lines.map((line) => line !== '')
  return lines.slice(Math.max(0, used.indexOf(true)), used.lastIndexOf(true) + 1).join('\n')
}

/** The author's own pictures as the feed must carry them. */
export function stickersOf(content: Content): string[] {
  return content.flatMap((block) => {
    if (block.kind === 'paragraph') return block.lines.flatMap(lineStickers)
    if (block.kind === 'list') return block.items.flatMap(lineStickers)
    if (block.kind === 'spoil') return stickersOf(block.blocks)
    return block.kind === 'sticker' ? [siteSticker(block.code)] : []
  })
}

/** The address of one of the site's own stickers. */
export function siteSticker(code: string): string {
  return `https://image.jeuxvideo.com/stickers/p/st/${code}`
}

function blockLines(block: Block): string[] {
  switch (block.kind) {
    case 'paragraph': {
      const lines = block.lines.map(lineText)
      // A line break ends a line even when only pictures are on it; the end of a paragraph ends one that has words.
      return lines.at(-1) === '' ? lines.slice(0, -1) : lines
    }
    case 'spoil':
      return block.blocks.flatMap(blockLines)
    case 'list':
      return block.items.map(lineText).filter((line) => line !== '')
    case 'code':
      return block.text.split('\n').map((line) => line.trimEnd())
    case 'quote':
    case 'sticker':
      return []
  }
}

function lineText(line: Line): string {
  return line.map(inlineText).join('').replace(/ +/g, ' ').trim()
}

function inlineText(inline: Inline): string {
  switch (inline.kind) {
    case 'text':
    case 'strong':
      return inline.text
    case 'smiley':
      return inline.code
    case 'link':
      return inline.url
    case 'spoil':
      return inline.content.map(inlineText).join('')
    case 'picture':
    case 'large':
      return ''
  }
}

function lineStickers(line: Line): string[] {
  return line.flatMap((inline) => {
    if (inline.kind === 'picture' || inline.kind === 'large') return [inline.url]
    return inline.kind === 'spoil' ? lineStickers(inline.content) : []
  })
}
