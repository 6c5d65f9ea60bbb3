// @ts-check
// How the jobs read text: the words of a message, and the authors that PSEUDO names.

const ADDRESS = /(?:https?:\/\/|www\.)\S+/giu
/** Codes such as `:hap:`, `:rire2:`, `:)`, `:-)))`, `:d)`, `;)`. */
const SMILEY = /:[a-z]+\d*:|[:;][a-z]?[-']?[()]+/giu
/** From the first letter or digit to the last one. */
const WORD = /[\p{L}\p{N}](?:.*[\p{L}\p{N}])?/su
/** One entry of a list: a regular expression, or a name. */
const ENTRY = /\s*(?:\/((?:[^/\\]|\\.)+)\/([a-z]*)|([^,/\s][^,]*?))\s*(?:,|$)/suy

/**
 * Returns the words of a message that have at least five letters, in lower case, without punctuation at the edges. Codes
 * of smileys and addresses are no words.
 *
 * @param {string} message
 * @returns {string[]}
 */
export function wordsOf(message) {
  return message
    .normalize('NFC')
    .replace(ADDRESS, ' ')
    .replace(SMILEY, ' ')
    .split(/\s+/u)
    .map((text) => WORD.exec(text)?.[0].toLowerCase() ?? '')
    .filter((word) => [...word].length >= 5)
}

/**
 * Returns a test for authors: names with commas, compared without case, and regular expressions as `/^grand/i`.
 *
 * @param {string} list
 * @returns {(author: string) => boolean}
 * @throws {Error} saying which part of the list is wrong
 */
export function authorsOf(list) {
  /** @type {Set<string>} */
  const names = new Set()
  /** @type {RegExp[]} */
  const patterns = []
  for (ENTRY.lastIndex = 0; ENTRY.lastIndex < list.length;) {
    const rest = list.slice(ENTRY.lastIndex)
    const match = ENTRY.exec(list)
    if (match === null) throw new Error(`PSEUDO must be names with commas, or /regular expressions/; got "${rest}"`)
    const [, source, flags = '', name] = match
    if (source !== undefined) patterns.push(patternOf(source, flags))
    if (name !== undefined) names.add(name.toLowerCase())
  }
  return (author) => names.has(author.toLowerCase()) || patterns.some((pattern) => pattern.test(author))
}

/** @param {string} source @param {string} flags */
function patternOf(source, flags) {
  // With g or y an expression remembers where it was, and would miss every other author.
  if (/[gy]/.test(flags)) throw new Error(`PSEUDO cannot use the flags g and y; got "/${source}/${flags}"`)
  try {
    return new RegExp(source, flags)
  } catch (cause) {
    throw new Error(`PSEUDO holds "/${source}/${flags}", which is no regular expression`, { cause })
  }
}
