import { readFile } from 'node:fs/promises'
import { ScraperError, messageOf } from '../errors.js'

/** What the operator lends to the scraper. Never logged, never in a message. */
export interface Identity {
  readonly userAgent: string
  readonly cookie: string | undefined
}

/** Says who asks, so that an operator of the site can reach or refuse us by name. */
export const DEFAULT_USER_AGENT = 'jvc-scraper/0.1 (reads forum posts; run by its operator)'

/** Visible characters only: a header cannot be broken out of. */
const HEADER_VALUE = /^[\x20-\x7e\u00a0-\u00ff]*$/

/**
 * Cookie and User-Agent from the environment: `JVC_COOKIE` and `JVC_USER_AGENT`, or the files that `JVC_COOKIE_FILE` and
 * `JVC_USER_AGENT_FILE` name.
 *
 * @throws ScraperError `bad-option` when a file cannot be read or a value is no header; the value is not shown
 */
export async function identityOf(env: Readonly<Record<string, string | undefined>>): Promise<Identity> {
  const cookie = await secret(env, 'JVC_COOKIE')
  const userAgent = (await secret(env, 'JVC_USER_AGENT')) ?? DEFAULT_USER_AGENT
  return { cookie, userAgent }
}

async function secret(env: Readonly<Record<string, string | undefined>>, name: string): Promise<string | undefined> {
  const file = env[`${name}_FILE`]
  const value = (file ? await read(file, `${name}_FILE`) : env[name])?.trim()
  if (value === undefined || value === '') return undefined
  if (!HEADER_VALUE.test(value)) {
    throw new ScraperError(
      'bad-option',
      `${name} holds characters that no HTTP header can carry (a line break?). It is not shown here.`,
    )
  }
  return value
}

async function read(file: string, name: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    throw new ScraperError('bad-option', `The file that ${name} names cannot be read: ${messageOf(cause)}`, { cause })
  }
}
