import { describe, expect, test } from 'vitest'
import { readBody, readBodyNodes } from './body.js'
import { encodeJvCare } from './jv-care.js'
import { loadMarkup } from './markup.js'
import { bodyOf, find } from './tree.js'

const SHACK = 'https://image.noelshack.com/fichiers/2017/39/3/1506463228-risibg.jpg'
const THUMB = 'https://image.noelshack.com/minis/2017/39/3/1506463228-risibg.png'
const PICTURE = `<span class="JvCare 45CB message__urlImgWrapper" target="_blank""><img class="message__urlImg message__urlImg" width="68" height="51" src="${THUMB}" alt="${SHACK}" loading="lazy" /></span>`
/** A link whose address is hidden in its class, as the site writes it. */
function wrapped(address: string, inner: string): string {
  return `<span class="JvCare ${encodeJvCare(address)} " target="_blank"">${inner}</span>`
}
const SMILEY =
  '<img src="https://image.jeuxvideo.com/smileys_img/18.gif" alt=":hap:" data-code=":hap:" title=":hap:" width="16" height="16" class="message__smiley" />'
function g5Spoil(content: string) {
  return `<span class="message__spoil message__spoil--inline"><input type="checkbox" class="message__openSpoil"><label class="message__spoilHead"><span class="message__spoilLabel">Spoil</span><span class="message__spoilDisplay">Afficher</span><span class="message__spoilMask">Masquer</span></label><span class="message__spoilContent">${content}</span></span>`
}
function g4Spoil(content: string) {
  return `<span class="bloc-spoil-jv en-ligne"><input type="checkbox" class="open-spoil"><label class="barre-head"><span class="txt-spoil">Spoil</span><span class="aff-spoil">Afficher</span><span class="masq-spoil">Masquer</span></label><span class="contenu-spoil">${content}</span></span>`
}

const BODIES: readonly (readonly [string, string, string, readonly string[]])[] = [
  ['paragraphs are lines', '<p class="message__p">un</p><p class="message__noBlankline">deux</p>', 'un\ndeux', []],
  ['line breaks are lines, empty ones too', '<p>un<br />deux<br><br/>trois</p>', 'un\ndeux\n\ntrois', []],
  ['white space folds, no-break spaces stay', '<p>  un \n\t deux  ?&nbsp;! </p>', 'un deux ?\u00a0!', []],
  [
    'entities',
    '<p>d&eacute;j&agrave; l&#039;ann&eacute;e &lt;b&gt; &amp;amp; &euro;</p>',
    "déjà l'année <b> &amp; €",
    [],
  ],
  ['emoji', '<p>oui 👨‍👩‍👧 &#128514;</p>', 'oui 👨‍👩‍👧 😂', []],
  [
    'quotes are left out with all that is in them',
    `<blockquote><p>Le 1er a écrit :</p>${PICTURE}${SMILEY}<blockquote>${PICTURE}</blockquote></blockquote><p>moi</p>`,
    'moi',
    [],
  ],
  ['words on both sides of a quote do not meet', 'avant<blockquote>toi</blockquote>après', 'avant\naprès', []],
  ['a picture is its alt, not its thumbnail', `<p>vu ${PICTURE} ${PICTURE}</p>`, 'vu', [SHACK, SHACK]],
  [
    'an animated picture',
    '<img class="message__urlImg message__urlImgSticker" src="https://image.noelshack.com/fichiers-md/2026/23/2/1-a.gif" alt="https://image.noelshack.com/fichiers/2026/23/2/1-a.gif">',
    '',
    ['https://image.noelshack.com/fichiers/2026/23/2/1-a.gif'],
  ],
  [
    'a large picture, with the stray characters of the site',
    '<p><span class="message__urlImg message__urlImgLarge js-lazy js-lazy" data-src-background="https://image.noelshack.com/fichiers-lg/2026/23/2/1-re9.jpg"}"></span></p>',
    '',
    ['https://image.noelshack.com/fichiers/2026/23/2/1-re9.jpg'],
  ],
  [
    'a picture without alt is the full form of its src',
    `<img class="img-shack" src="${THUMB}">`,
    '',
    ['https://image.noelshack.com/fichiers/2017/39/3/1506463228-risibg.png'],
  ],
  [
    'old addresses become full ones',
    '<img class="img-shack" src="//image.noelshack.com/minis/2015/09/1-a.png" alt="http://image.noelshack.com/fichiers/2015/09/1-a.png"><img class="img-shack" alt="//image.noelshack.com/fichiers/2015/09/2-b.png" src="x">',
    '',
    ['https://image.noelshack.com/fichiers/2015/09/1-a.png', 'https://image.noelshack.com/fichiers/2015/09/2-b.png'],
  ],
  [
    'stickers of the site are their src',
    '<img class="img-stickers" src="https://image.jeuxvideo.com/stickers/p/st/1kkh" alt="[[sticker:p/1kkh]]"/><img class="message__sticker" src="https://image.jeuxvideo.com/stickers/p/st/1kki">',
    '',
    ['https://image.jeuxvideo.com/stickers/p/st/1kkh', 'https://image.jeuxvideo.com/stickers/p/st/1kki'],
  ],
  [
    'a lazy sticker',
    '<img class="img-stickers" src="data:image/gif;base64,R0lGODlhAQ" data-src="https://image.jeuxvideo.com/stickers/p/st/1kkh">',
    '',
    ['https://image.jeuxvideo.com/stickers/p/st/1kkh'],
  ],
  ...[
    'http://jv.stkr.fr/p/1kkh',
    '//jv.stkr.fr/p/1kkh?f-ed=1',
    'https://jv.stkr.fr/p/1kkh/',
    'https://image.jeuxvideo.com/stickers/p/st/1kkh',
    'https://image.jeuxvideo.com/stickers/p/1kkh',
  ].map(
    (address) =>
      [
        `one identity for the sticker at ${address}`,
        `<img src="${address}"><img class="img-stickers" src="${address}" alt="[[sticker:p/1kkh]]">`,
        '',
        ['https://image.jeuxvideo.com/stickers/p/st/1kkh', 'https://image.jeuxvideo.com/stickers/p/st/1kkh'],
      ] as const,
  ),
  [
    'a sticker that only its alt names',
    '<img class="message__sticker" src="data:image/gif;base64,R0" alt="[[sticker:p/1kkh]]">',
    '',
    ['https://image.jeuxvideo.com/stickers/p/st/1kkh'],
  ],
  [
    'a picture without alt is the link around it, whose ending is right',
    `<p>a ${wrapped(SHACK, `<img class="message__urlImg" src="${THUMB}">`)} <a class="xXx " href="${SHACK}"><img alt="" src="${THUMB}"></a></p>`,
    'a',
    [SHACK, SHACK],
  ],
  [
    'a picture without alt in a link to its page',
    `${wrapped('https://www.noelshack.com/2026-23-2-1780431941-aura-monster.gif#large', `<img class="img-shack" src="${THUMB}">`)}`,
    '',
    ['https://image.noelshack.com/fichiers/2026/23/2/1780431941-aura-monster.gif'],
  ],
  ['a link to a picture whose picture is missing', wrapped(SHACK, ''), '', [SHACK]],
  [
    'a post that is only a video',
    '<div class="player-contenu"><div class="embed"><iframe src="https://www.youtube.com/embed/xyz?a=1&amp;b=2" allowfullscreen></iframe></div></div>',
    'https://www.youtube.com/embed/xyz?a=1&b=2',
    [],
  ],
  [
    'videos of every make, each on a line',
    'a<iframe data-src="//www.dailymotion.com/embed/video/x"></iframe>b<div class="player-contenu"><div class="player-jv" data-srcset-video="/contenu/medias/video.php?id=1">Lecture</div></div><video><source src="https://a.fr/b.mp4"></video>c<audio src="https://a.fr/b.mp3"></audio>d',
    'a\nhttps://www.dailymotion.com/embed/video/x\nb\nhttps://www.jeuxvideo.com/contenu/medias/video.php?id=1\nhttps://a.fr/b.mp4\nc\nhttps://a.fr/b.mp3\nd',
    [],
  ],
  [
    'a post that is only a link without text',
    `<p>${wrapped('https://a.fr/b', '<i class="icon"></i>')}</p>`,
    'https://a.fr/b',
    [],
  ],
  ['a link without text between words', '<p>un<a href="https://a.fr"></a> deux</p>', 'un https://a.fr deux', []],
  [
    'any other picture says nothing',
    '<p>a<img src="https://image.jeuxvideo.com/avatar/x.jpg" alt="Pseudo">b</p>',
    'ab',
    [],
  ],
  ['a picture that is no address', '<img class="img-shack" alt="javascript:alert(1)" src="data:x">', '', []],
  ['smileys are their code', `<p>oui ${SMILEY} non</p>`, 'oui :hap: non', []],
  [
    'smileys without class, and of the oldest pages',
    '<p><img src="https://image.jeuxvideo.com/smileys_img/1.gif" alt=":)"> <img src="//image.jeuxvideo.com/smileys_img/2.gif" alt=":rire:" data-def="SMILEYS"></p>',
    ':) :rire:',
    [],
  ],
  [
    'an inline spoil keeps its content',
    `<p>avant ${g5Spoil(`caché ${PICTURE}`)} après</p>`,
    'avant caché après',
    [SHACK],
  ],
  ['an inline spoil of the older pages', `<p>avant ${g4Spoil('caché')} après</p>`, 'avant caché après', []],
  [
    'a block spoil',
    '<p>a</p><div class="message__spoil"><label class="message__spoilHead">Spoil</label><div class="message__spoilContent"><p>b</p><p>c</p></div></div><p>d</p>',
    'a\nb\nc\nd',
    [],
  ],
  [
    'lists, nested, a line an item',
    '<ul class="liste-default-jv"><li>un <ul><li>deux</li></ul></li><li>trois</li></ul><ol><li>quatre</li></ol>',
    'un\ndeux\ntrois\nquatre',
    [],
  ],
  [
    'code keeps its spaces and lines',
    '<p>voici</p><pre class="pre-jv"><code class="code-jv">if (a  &lt; b) {\r\n  c()\n}</code></pre><p>fin</p>',
    'voici\nif (a  < b) {\n  c()\n}\nfin',
    [],
  ],
  ['inline code is text', '<p>un <code>a  b</code></p>', 'un a b', []],
  ['bold and the like', '<p><strong>a</strong><em>b</em> <u>c</u> <s>d</s></p>', 'ab c d', []],
  [
    'a long link is whole',
    '<p><span class="JvCare 45" target="_blank" title="https://a.fr/b/c">https://a.fr<i class="message__cesure"></i><span class="message__middleCesure">/b</span>/c</span></p>',
    'https://a.fr/b/c',
    [],
  ],
  ['text without any element', 'nu', 'nu', []],
  [
    'scripts, signatures, what extensions add, and players without an address are left out',
    '<p>a</p><div class="player-contenu"><iframe src="x">vidéo</iframe>Lecture</div><script>x()</script><button>Masquer</button><div class="signature-msg  text-enrichi-forum ">moi</div><p>b</p>',
    'a\nb',
    [],
  ],
  ['comments are left out', '<p>a<!-- b -->c</p>', 'ac', []],
  ['elements left open', '<p>a<strong>b<p>c<blockquote>d', 'ab\nc', []],
  ['elements closed twice', '</p></div>a</blockquote></p>b', 'a\nb', []],
  ['nothing', '', '', []],
]

describe('a post says', () => {
  test.each(BODIES)('%s', (_, html, message, stickers) => {
    expect(readBody(html)).toMatchObject({ message, stickers, problem: undefined })
  })

  test.each(BODIES)('%s, read from a tree', (_, html, message, stickers) => {
    const $ = loadMarkup(`<main>${html}</main>`)
    expect(bodyOf(find($, 'main'))).toMatchObject({ message, stickers, problem: undefined })
  })
})

describe('a post links to and quotes', () => {
  const quote = (head: string, rest = '') =>
    `<blockquote class="message__blockquote"><p>${head}<br />x</p>${rest}</blockquote>`
  const RAIKO = { author: 'Raiko_', date: '22 juillet 2026 à 11:38:12', at: Date.UTC(2026, 6, 22, 9, 38, 12) }
  const nested = quote('Le 21 juillet 2026 à 11:38:12 Autre a écrit :', wrapped('https://quoted.fr', 'b'))
  test.each([
    ['nothing', '<p>a</p>', [], []],
    [
      'an external and an internal address',
      `${wrapped('https://a.fr/b?c', 'https://a.fr/b?c')} <a href="/forums/42-51-7-1-0-1-0-x.htm">x</a>`,
      ['https://a.fr/b?c', 'https://www.jeuxvideo.com/forums/42-51-7-1-0-1-0-x.htm'],
      [],
    ],
    ['a video', '<iframe src="//www.youtube.com/embed/x"></iframe>', ['https://www.youtube.com/embed/x'], []],
    [
      'no script and no picture',
      `${wrapped('javascript:alert(1)', 'x')}${wrapped(SHACK, PICTURE)}<a href="#x">y</a>`,
      [],
      [],
    ],
    ['the outer of two links', '<a href="https://a.fr"><a href="https://b.fr">x</a></a>', ['https://a.fr'], []],
    [
      'a post by its author and date',
      quote('Le 22 juillet 2026 &agrave; 11:38:12 Raiko_ a &eacute;crit :'),
      [],
      [RAIKO],
    ],
    ['a post without an author', quote('Le 22 juillet 2026 à 11:38:12 :'), [], [{ ...RAIKO, author: undefined }]],
    [
      'two posts, and none that these quote',
      quote('Le 22 juillet 2026 à 11:38:12 Raiko_ a écrit :', nested).repeat(2),
      [],
      [RAIKO, RAIKO],
    ],
    ['nobody in a quote made by hand', quote('Quelqu’un a écrit :'), [], []],
  ])('%s', (_, html, links, quotes) => {
    expect(readBody(html)).toMatchObject({ links, quotes })
    expect(bodyOf(find(loadMarkup(`<main>${html}</main>`), 'main'))).toMatchObject({ links, quotes })
  })
})

test('markup nested beyond sense is read as far as it goes, and said so', () => {
  const deep = `<p>avant</p>${'<div>'.repeat(100_000)}après${'</div>'.repeat(100_000)}`
  expect(readBody(deep)).toMatchObject({
    message: 'avant',
    problem: expect.stringContaining('nested deeper') as string,
  })
})

test('nothing of a tree is nothing', () => {
  expect(readBodyNodes([])).toEqual({ message: '', stickers: [], links: [], quotes: [], problem: undefined })
})
