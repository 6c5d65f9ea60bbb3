import type { Block, Content, Inline, Line } from './content.js'

/** The source that its author typed, which the payload holds beside the rendered body. Lines end in `\r\n`. */
export function jvCode(content: Content): string {
  return content.map(blockSource).join('\r\n\r\n')
}

function blockSource(block: Block): string {
  switch (block.kind) {
    case 'paragraph':
      return block.lines.map(lineSource).join('\r\n')
    case 'quote':
      return [block.head, jvCode(block.blocks)]
        .join('\r\n')
        .split('\r\n')
        .map((line) => `> ${line}`)
        .join('\r\n')
    case 'spoil':
      return `<spoil>${jvCode(block.blocks)}</spoil>`
    case 'list':
      return block.items.map((item) => `${block.ordered ? '#' : '*'} ${lineSource(item)}`).join('\r\n')
    case 'code':
      return `<code>${block.text.replaceAll('\n', '\r\n')}</code>`
    case 'sticker':
      return `[[sticker:p/${block.code}]]`
  }
}

function lineSource(line: Line): string {
  return line.map(inlineSource).join('')
}

function inlineSource(inline: Inline): string {
  switch (inline.kind) {
    case 'text':
      return inline.text
    case 'strong':
      return `'''${inline.text}'''`
    case 'smiley':
      return inline.code
    case 'picture':
    case 'link':
      return inline.url
    case 'large':
      return `${inline.url}#large`
    case 'spoil':
      return `<spoil>${lineSource(inline.content)}</spoil>`
  }
}
