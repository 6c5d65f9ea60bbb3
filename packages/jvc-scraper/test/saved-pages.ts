import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** Where real saved pages may lie, beside the project: they are other people's data and never part of it. */
const FOLDER = fileURLToPath(new URL('../../../../shared/fixtures/jvc/', import.meta.url))

/** Whether the saved pages are there. Says so once when they are not. */
export const savedPages = existsSync(FOLDER)
if (!savedPages) console.log(`The saved forum pages are not at ${FOLDER}: the tests that read them are left out.`)

/** A saved page or an oracle by name. */
export function savedPage(name: string): string {
  return readFileSync(FOLDER + name, 'utf8')
}
