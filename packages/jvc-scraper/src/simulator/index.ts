/**
 * An invented forum over HTTP, with the markup of the real one: for tests, and for everybody who wants to see the chain
 * work without touching the real site.
 *
 * - `startSimulator({ port, host, seed, rate, total, topics, history, clock })` → `{ url, forumUrl, truth(), control(), close() }`.
 * - The same seed publishes the same posts (ids, topics, authors, texts, stickers) in the same order; the clock only decides when.
 * - `simulator.truth(since?)` and `GET /__truth?since=N` give every post published, in order, with the six fields that the
 *   feed must carry, and whether it was there before the start (`history`), was ever `served`, is `deleted`.
 * - `simulator.control({ do: 'publish', count: 5 })` and `POST /__control?do=publish&count=5` carry out orders:
 *   `pause`, `resume`, `publish&count=`, `rate&value=`, `until&total=`; `GET /__control` gives the status.
 */
export { startSimulator } from './start.js'
export type { Simulator, SimulatorOptions } from './start.js'
export { ControlError } from './control.js'
export type { ControlCommand, SimulatorStatus } from './control.js'
export type { TruthPost } from './truth.js'
