import type { IncomingMessage } from 'node:http'
import type { Access } from './guard.js'
import { refusal, type Answer, type Request } from './router.js'

const MOST_BYTES = 4096

/** Returns a path of this server; an address of another one, which a link could bring in, becomes the first page. */
function ownPath(to: string | null): string {
  const isOwn = to !== null && /^\/(?![/\\])/.test(to) && URL.canParse(to, 'http://page')
  return isOwn ? new URL(to, 'http://page').href.slice('http://page'.length) : '/'
}

/** The form that asks for the token. It has no script, and its only text from outside is a path in an attribute. */
export function loginForm({ query }: Request, policy: string): Answer {
  const to = ownPath(query.get('to')).replace(/[&"<>]/g, (c) => `&#${c.charCodeAt(0)};`)
  const wrong = query.has('wrong') ? '<p role="alert">This is not the token.</p>' : ''
  const body = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>Sign in · dstream</title><link rel="stylesheet" href="/assets/page.css"></head>
<body><main class="login"><h1>dstream</h1>${wrong}
<form method="post" action="/login"><input type="hidden" name="to" value="${to}">
<label for="token">Token</label><input id="token" name="token" type="password" autocomplete="current-password" required autofocus>
<button>Sign in</button></form></main></body></html>
`
  return { status: 200, type: 'text/html; charset=utf-8', body, headers: { 'content-security-policy': policy } }
}

/** Takes the token of the form, and gives a cookie for it. */
export async function login({ raw }: Request, access: Access): Promise<Answer> {
  const text = await bodyOf(raw)
  if (text === undefined) return refusal(413, 'The form is too large')
  const form = new URLSearchParams(text)
  const to = ownPath(form.get('to'))
  if (!access.isToken(form.get('token') ?? '')) return redirect(`/login?wrong=1&to=${encodeURIComponent(to)}`)
  return redirect(to, { 'set-cookie': access.cookie })
}

function redirect(location: string, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status: 303, type: 'text/plain', body: '', headers: { location, ...headers } }
}

async function bodyOf(raw: IncomingMessage): Promise<string | undefined> {
  let text = ''
  for await (const chunk of raw) {
    text += String(chunk)
    if (text.length > MOST_BYTES) return undefined
  }
  return text
}
