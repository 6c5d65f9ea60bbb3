import { expect, test } from 'vitest'
import { ManualClock } from '../../../../test/manual-clock.js'
import { CrawlStatusTracker } from './crawl-status.js'
import { NoPage } from './errors.js'

const challenge = new NoPage({ kind: 'challenge', path: '/x' })
const unreachable = new NoPage({ kind: 'failed', path: '/x', reason: 'connect ECONNREFUSED' })

test('the state follows the outcomes of reading the list, and keeps the time at which it began', async () => {
  const clock = new ManualClock(0)
  const tracker = new CrawlStatusTracker(clock)
  const steps: [outcome: Error | undefined, status: object][] = [
    [unreachable, { state: 'failing', since: 1000, lastReadAt: undefined, reason: '/x: connect ECONNREFUSED' }],
    [unreachable, { state: 'failing', since: 1000, lastReadAt: undefined }],
    [challenge, { state: 'challenged', since: 3000, lastReadAt: undefined }],
    [undefined, { state: 'reading', since: 4000, lastReadAt: 4000, reason: undefined }],
    [undefined, { state: 'reading', since: 4000, lastReadAt: 5000 }],
    [challenge, { state: 'challenged', since: 6000, lastReadAt: 5000 }],
  ]
  expect(tracker.current).toMatchObject({ state: 'starting', since: 0, lastReadAt: undefined })
  for (const [outcome, status] of steps) {
    await clock.advance(1000)
    if (outcome === undefined) tracker.succeeded()
    else tracker.failed(outcome)
    expect(tracker.current).toMatchObject(status)
  }
})
