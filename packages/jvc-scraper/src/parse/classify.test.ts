import { expect, test } from 'vitest'
import { classifyPage } from './classify.js'
import type { PageContext, PageKind } from './types.js'

function title(text: string, body = '') {
  return `<html><head><title>${text}</title></head><body>${body}</body></html>`
}
const TOPIC = title('x', '<div id="listMessages" class="container__messages"></div>')
const LIST = title('x', '<ul class="tablesForum tablesForum--listTopics"></ul>')
function payload(value: unknown) {
  return `<script>window.jvc.forumsAppPayload="${Buffer.from(JSON.stringify(value)).toString('base64')}";</script>`
}
const STUB = `<meta http-equiv="refresh" content="0;url='https://www.jeuxvideo.com/forums.htm'" />`
const GONE =
  '<img class="img-erreur" src="/img/erreurs/e410.png" alt="ERREUR 410"><strong>Ce topic a été supprimé par son auteur.</strong>'

const ANSWERS: readonly (readonly [string, string, PageContext, PageKind])[] = [
  ["today's topic", TOPIC, {}, 'topic'],
  ["today's list", LIST, {}, 'list'],
  ['a topic of 2022', title('x', '<div class="bloc-message-forum mx-2 mx-lg-0 " data-id="1">'), {}, 'topic'],
  ['a list of 2022', title('x', '<ul class="topic-list topic-list-admin">'), {}, 'list'],
  ['a payload of messages alone', payload({ listMessage: [] }), {}, 'topic'],
  ['a payload of topics alone', payload({ listTopics: [] }), {}, 'list'],
  ['a payload of something else', payload({ a: 1 }), {}, 'unknown'],
  [
    'the header of Cloudflare, whatever else',
    TOPIC,
    { status: 403, headers: { 'cf-mitigated': 'challenge' } },
    'challenge',
  ],
  ['the title of a challenge', title('Just a moment...'), { status: 403 }, 'challenge'],
  ['the form of a challenge', title('x', '<form id="cf-challenge-form">'), { status: 403 }, 'challenge'],
  ['a post that speaks of one', title('Just a moment...', TOPIC), {}, 'topic'],
  ['404', title('x'), { status: 404 }, 'not-found'],
  ['410', GONE, { status: 410 }, 'gone'],
  ['the page of 410 without the status', title('x', GONE), {}, 'gone'],
  ['429', '', { status: 429 }, 'rate-limited'],
  ['503', '', { status: 503 }, 'unavailable'],
  ['502 with a page in it', TOPIC, { status: 502 }, 'unavailable'],
  ['the stub that leads to the index', STUB, {}, 'index'],
  ['the index by its address', title('x'), { url: 'https://www.jeuxvideo.com/forums.htm' }, 'index'],
  ['the index by its title', title('Forums - jeuxvideo.com'), {}, 'index'],
  ['the login page by its address', title('x'), { url: 'https://www.jeuxvideo.com/sso/login?url=y' }, 'login'],
  ['the login page by its title', title('Connexion - jeuxvideo.com'), {}, 'login'],
  ['a 200 of something else', title('x'), { status: 200, url: 'https://www.jeuxvideo.com/x' }, 'unknown'],
  ['an unknown error page', title('x', 'alt="ERREUR 418"'), { status: 418 }, 'unknown'],
  ['nothing', '', {}, 'unknown'],
  [
    'a forum that is not readable',
    payload({ forum: { isForumReadable: false, lockReason: ['Privé'] }, listTopics: [] }),
    {},
    'forbidden',
  ],
  [
    'the same with an empty list in the markup',
    LIST + payload({ forum: { isForumReadable: false }, listTopics: [] }),
    {},
    'forbidden',
  ],
  [
    'a page that says so of its forum, and shows it',
    payload({ forum: { isForumReadable: false }, listTopics: [{}] }),
    {},
    'list',
  ],
  ['an empty last page', TOPIC + payload({ forum: { isForumReadable: true }, listMessage: [] }), {}, 'topic'],
  ['403', title('jeuxvideo.com'), { status: 403 }, 'forbidden'],
  ['a forum for others, by its words', title('x', '<p>Vous n’avez pas accès à ce forum.</p>'), {}, 'forbidden'],
  ['a challenge in French', title('Un instant…'), { status: 403 }, 'challenge'],
  ['a challenge by its script', '<script>window._cf_chl_opt={}</script>', { status: 503 }, 'challenge'],
  ['maintenance with 200', title('jeuxvideo.com', '<h1>Le site est en maintenance</h1>'), {}, 'maintenance'],
  ['maintenance with 503', title('Maintenance en cours'), { status: 503 }, 'maintenance'],
  [
    'a cookie gate',
    title('jeuxvideo.com', '<button>Continuer sans accepter</button> <button>Accepter tous les cookies</button>'),
    {},
    'cookie-gate',
  ],
  [
    'a cookie gate of a consent dialogue',
    title('Vos choix', 'Avec votre accord, nos partenaires et nous utilisons des cookies. <button>Accepter</button>'),
    {},
    'cookie-gate',
  ],
  ['a cookie gate in English', title('x', 'Please enable cookies.'), {}, 'cookie-gate'],
  [
    'a new markup with the footer of every page',
    title('x', `<main>${'<p>a</p>'.repeat(20)}</main><footer>Gérer les cookies, accepter les cookies</footer>`),
    {},
    'unknown',
  ],
  [
    'a post about maintenance and cookies',
    title('x', '<div id="listMessages"><div id="message-8">accepter les cookies, en maintenance</div></div>'),
    {},
    'topic',
  ],
]

test.each(ANSWERS)('%s', (_, html, context, kind) => {
  expect(classifyPage(html, context)).toBe(kind)
})
