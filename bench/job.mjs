// A job on the virtual clock, whose batches are pushed one by one, and the data that several benchmarks share.
import { once } from 'node:events'
import { Seconds, StreamingContext } from 'dstream'
import { ManualClock } from 'dstream/testing'

export const silent = { debug() {}, info() {}, warn() {}, error() {} }

/** The next message of a child process. */
export const message = async (child) => (await once(child, 'message'))[0]

/** A number generator that gives the same numbers every time. */
export const numbers = (seed) => (below) => {
  seed = (Math.imul(seed, 1103515245) + 12345) >>> 0
  return Math.floor((seed / 2 ** 32) * below)
}

export const keyOf = (i) => `user${String((i * 7919) % 10_000_019).padStart(9, '0')}`

/**
 * A running job; `options` and `internals` are those of its context, `at` the time at which it goes on. Without `queued`
 * it makes a stream of its own.
 */
export const jobOf = async (define, { options = {}, internals = {}, at = 0, queued = true } = {}) => {
  const clock = new ManualClock(at)
  const ssc = new StreamingContext({ batchInterval: Seconds(1), clock, logger: silent, ...options }, internals)
  const queue = []
  define(queued ? ssc.queueStream(queue) : undefined, ssc)
  await ssc.start()
  return {
    clock,
    run: async (batch) => {
      if (batch !== undefined) queue.push(batch)
      clock.runNext(clock.now() + 1000)
      await ssc.engine.ticker.idle()
    },
    stop: () => ssc.stop(),
  }
}
