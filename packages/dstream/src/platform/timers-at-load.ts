const { clearInterval, setImmediate, setInterval, setTimeout } = globalThis
const { now } = Date

/**
 * The machine's timers as of the loading of this library. Fake timers of a test runner replace the global ones and
 * those of `node:timers`, but the event loop must turn all the same.
 */
export const timersAtLoad = { clearInterval, setImmediate, setInterval, setTimeout, now }
