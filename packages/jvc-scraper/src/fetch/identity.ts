import { readFile } from 'node:fs/promises'
import { ScraperError, messageOf } from '../errors.js'

/** The cookie and User-Agent that the operator supplies. They never appear in a log or a message. */
export interface Identity {
  readonly userAgent: string
  readonly cookie: string | undefined
}

/** The default User-Agent. It names the program, so that the site can recognise or block it. */
export const DEFAULT_USER_AGENT = 'jvc-scraper/0.1 (reads forum posts; run by its operator)'

/** Printable characters only, so that a value cannot add another header. */
const HEADER_VALUE = /^[\x20-\x7e\u00a0-\u00ff]*$/

/**
 * Reads cookie and User-Agent from the environment: `JVC_COOKIE` and `JVC_USER_AGENT`, or the files that `JVC_COOKIE_FILE` and
 * `JVC_USER_AGENT_FILE` name.
 *
 * @throws ScraperError `bad-option` when a file cannot be read or a value is not allowed in a header; the value is not shown
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
      `${name} holds characters that are not allowed in an HTTP header, such as a line break. Remove them; the value is not shown here because it is confidential`,
    )
  }
  return value
}

async function read(file: string, name: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    throw new ScraperError('bad-option', `The file named by ${name} cannot be read: ${messageOf(cause)}`, { cause })
  }
}
