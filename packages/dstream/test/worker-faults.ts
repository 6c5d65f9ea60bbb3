import type { WorkerFaults } from './loopback-workers.js'

/** What happens to a task of a worker. */
export type Fault = 'none' | 'lost' | 'failed' | 'ended'

/** Gives the faults to the tasks of workers, one after the other, again and again. */
export function faulty(faults: readonly Fault[]): WorkerFaults {
  let tasks = 0
  let replies = 0
  const isAt = (n: number, fault: Fault): boolean => faults.length > 0 && faults[n % faults.length] === fault
  return {
    given(frame) {
      const { input } = frame
      if (!('state' in input) || input.state.base !== undefined || !isAt(tasks++, 'lost')) return frame
      return { ...frame, input: { ...input, state: { ...input.state, on: 'another copy' } } }
    },
    // The worker has done its part then, and goes on from a version that does not count.
    replied: (frame) =>
      frame.type === 'updated' && isAt(replies++, 'failed')
        ? { type: 'failed', id: frame.id, forGood: false, reason: 'a fault' }
        : frame,
    endsBefore: ({ type }) => type === 'task' && isAt(tasks, 'ended') && ++tasks > 0,
  }
}
