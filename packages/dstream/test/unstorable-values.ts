import { Seconds, type RecordError } from 'dstream'
import { TestContext } from 'dstream/testing'

/** A class whose instances cannot be stored. */
export class Counter {
  n = 1
}

/** Returns a number inside so many arrays. */
export function nested(levels: number): unknown {
  let value: unknown = 0
  for (let i = 0; i < levels; i++) value = [value]
  return value
}

/** Returns a context that leaves failed records out, and the errors of these records. */
export function skippingContext(): { t: TestContext; errors: RecordError[] } {
  const errors: RecordError[] = []
  const t = new TestContext({
    batchInterval: Seconds(1),
    onRecordError: (error) => {
      errors.push(error)
      return 'skip'
    },
  })
  return { t, errors }
}
