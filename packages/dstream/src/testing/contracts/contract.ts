import { isDeepStrictEqual } from 'node:util'
import { describe } from '../../base/text/describe.js'
import type { TestContext } from '../test-context.js'

/** One rule of a contract, for the test runner of one's choice. */
export interface ContractCase {
  readonly name: string
  /** Resolves when the rule holds. @throws an Error with the values that break it */
  readonly run: () => Promise<void>
}

/** Compares what a rule wants with the values that are there. @throws an Error that shows both */
export function mustEqual(what: string, found: unknown, wanted: unknown): void {
  if (isDeepStrictEqual(found, wanted)) return
  throw new Error(`${what}: found ${describe(found)}, wanted ${describe(wanted)}.`)
}

/** Crashes a job at a step of its next batch; `undefined` when that batch does not come to the step. */
export async function crashAt<H>(
  t: TestContext,
  define: (t: TestContext) => H,
  at: string,
): Promise<(TestContext & { readonly defined: H }) | undefined> {
  try {
    return await t.crashAndRecover(define, { at })
  } catch (error) {
    if (!(error instanceof Error && error.message.startsWith('The next batch did not come to'))) throw error
    await t.ssc.stop()
    return undefined
  }
}
