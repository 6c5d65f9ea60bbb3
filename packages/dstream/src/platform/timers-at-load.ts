const { clearInterval, setImmediate, setInterval, setTimeout } = globalThis
const { now } = Date

/**
 * The machine's timers as they were when this library was loaded. Fake timers of a test runner replace the global ones and
 * those of `node:timers`; the event loop has to turn all the same.
 */
export const timersAtLoad = { clearInterval, setImmediate, setInterval, setTimeout, now }
