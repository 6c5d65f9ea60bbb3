import { formatFrenchDate } from '../parse/french-date.js'
import type { Block, Content, Inline, Line } from './content.js'
import { EMOJI, title } from './lexicon.js'
import type { Lexicon } from './lexicon.js'
import type { Random } from './random.js'

/** A post that another post may quote. */
export interface Quotable {
  readonly author: string
  readonly at: number
  readonly content: Content
}

/** Writes posts and titles in a believable mix. Everything is drawn from the one source of randomness it is given. */
export class Writer {
  readonly #random: Random
  readonly #lexicon: Lexicon

  constructor(random: Random, lexicon: Lexicon) {
    this.#random = random
    this.#lexicon = lexicon
  }

  title(): string {
    return title(this.#random, this.#lexicon.words)
  }

  author(): string {
    return this.#lexicon.authors.draw(this.#random)
  }

  /** A body; it may quote one of the posts before it. */
  content(quotable: readonly Quotable[]): Content {
    const random = this.#random
    const blocks: Block[] = []
    if (quotable.length > 0 && random.chance(0.25)) blocks.push(this.#quote(random.pick(quotable)))
    const paragraphs = random.pick([1, 1, 1, 2, 2, 3])
    for (let i = 0; i < paragraphs; i++) blocks.push(this.#paragraph())
    if (random.chance(0.03)) blocks.push({ kind: 'spoil', blocks: [this.#paragraph()] })
    if (random.chance(0.02)) blocks.push(this.#list())
    if (random.chance(0.01)) blocks.push({ kind: 'code', text: `if (khey) {\n  rire("${this.#word()}")  \n}` })
    if (random.chance(0.04)) blocks.push({ kind: 'sticker', code: this.#lexicon.siteStickers.draw(random) })
    return blocks
  }

  #quote(post: Quotable): Block {
    const random = this.#random
    // Nested quotes are cut at the second level, as people do.
    const blocks = post.content.map((block) =>
      block.kind === 'quote' ? { ...block, blocks: block.blocks.filter(({ kind }) => kind !== 'quote') } : block,
    )
    const who = random.chance(0.8) ? ` ${post.author} a écrit :` : ' :'
    return { kind: 'quote', head: `Le ${formatFrenchDate(post.at)}${who}`, blocks }
  }

  #paragraph(): Block {
    const lines: Line[] = [this.#line()]
    while (this.#random.chance(0.2)) lines.push(this.#line())
    return { kind: 'paragraph', lines }
  }

  #list(): Block {
    const items = Array.from({ length: this.#random.int(2, 4) }, () => [this.#sentence()])
    return { kind: 'list', ordered: this.#random.chance(0.5), items }
  }

  #line(): Line {
    const random = this.#random
    const line: Inline[] = [this.#sentence()]
    if (random.chance(0.2)) line.push({ kind: 'text', text: ` ${random.pick(EMOJI)}` })
    if (random.chance(0.25)) line.push({ kind: 'text', text: ' ' }, this.#smiley())
    if (random.chance(0.04)) line.push({ kind: 'text', text: ' ' }, this.#link())
    if (random.chance(0.03)) line.push({ kind: 'text', text: ' ' }, { kind: 'spoil', content: [this.#sentence()] })
    if (random.chance(0.05)) line.push({ kind: 'text', text: ' ' }, { kind: 'strong', text: this.#word() })
    while (random.chance(0.35)) line.push({ kind: 'text', text: ' ' }, this.#picture())
    return line
  }

  #picture(): Inline {
    const url = this.#lexicon.stickers.draw(this.#random)
    return { kind: this.#random.chance(0.05) ? 'large' : 'picture', url }
  }

  #smiley(): Inline {
    const [code, file] = this.#lexicon.smileys.draw(this.#random)
    return { kind: 'smiley', code, file }
  }

  #link(): Inline {
    const long = `https://exemple.fr/articles/${this.#random.int(2019, 2026)}/${this.#random.int(1000, 9999)}/une-adresse-plutôt-longue?a=1&b=2`
    return { kind: 'link', url: this.#random.chance(0.5) ? 'https://exemple.fr/a' : long }
  }

  #sentence(): Inline {
    const random = this.#random
    const words = Array.from({ length: random.int(3, 14) }, () => this.#word())
    const text = `${words.join(' ')}${random.pick(['.', '.', '', ' !', ' ?', '…', ' :'])}`
    return { kind: 'text', text: text.charAt(0).toUpperCase() + text.slice(1) }
  }

  #word(): string {
    return this.#lexicon.words.draw(this.#random)
  }
}
