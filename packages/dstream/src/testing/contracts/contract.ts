import { isDeepStrictEqual } from 'node:util'
import { describe } from '../../base/text/describe.js'
import type { TestContext } from '../test-context.js'

/** A rule of a contract, to be run by any test runner. */
export interface ContractCase {
  readonly name: string
  /** Resolves when the rule holds. @throws an Error with the values that break it */
  readonly run: () => Promise<void>
}

/** Compares a found value with the wanted one. @throws an Error that shows both */
export function mustEqual(what: string, found: unknown, wanted: unknown): void {
  if (isDeepStrictEqual(found, wanted)) return
  throw new Error(`${what}: found ${describe(found)}, wanted ${describe(wanted)}.`)
}

/** Crashes a job at a crash point of its next batch. Resolves to `undefined` when that batch does not reach it. */
export async function crashAt<H>(
  t: TestContext,
  define: (t: TestContext) => H,
  at: string,
): Promise<(TestContext & { readonly defined: H }) | undefined> {
  try {
    return await t.crashAndRecover(define, { at })
  } catch (error) {
    if (!(error instanceof Error && error.message.startsWith('The next batch did not reach'))) throw error
    await t.ssc.stop()
    return undefined
  }
}
