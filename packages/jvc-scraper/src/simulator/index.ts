/**
 * A simulated forum over HTTP, with the markup of the real one, for tests and for trying the chain without the real
 * site.
 *
 * - `startSimulator({ port, host, seed, rate, total, topics, history, faults, keepPosts, keepTruth, clock })` → `{ url, forumUrl, truth(), control(), close() }`.
 * - The same seed publishes the same posts (ids, topics, authors, texts, stickers) in the same order; the clock only
 *   decides when.
 * - `simulator.truth(since?)` and `GET /__truth?since=N` give every post published, in order, with the six fields that the
 *   feed must carry; whether it was there before the start (`history`); when a page with it was first sent whole
 *   (`servedAt`, null: never); when it was last `deletedAt` (null: never) and whether it is `deleted` now. A reader may
 *   miss the posts that were deleted before they were served (`missable`); after a rename one may carry the newer title.
 *   Old topics die, so that the forum keeps its size (`keepPosts`); then `truth()` needs `keepTruth: true` for all posts.
 * - `faults: 'all'`, or names with chances (`slow=0.1,gone`), see `FAULTS`; which request has which fault follows from the
 *   seed and the order of requests.
 * - `simulator.control({ do: 'publish', count: 5 })` and `POST /__control?do=publish&count=5` execute commands: `pause`,
 *   `resume`, `publish&count=`, `rate&value=`, `until&total=`, `delete&id=`, `restore&id=`, `rename&topic=&title=`,
 *   `gone&topic=`, `faults&names=`, `fault&name=&times=` (the next requests); `GET /__control` gives the status.
 */
export { startSimulator } from './start.js'
export type { Simulator, SimulatorOptions } from './start.js'
export { ControlError } from './control.js'
export { FAULTS, FaultError } from './faults.js'
export type { FaultName } from './faults.js'
export type { ControlCommand, SimulatorStatus } from './control.js'
export { TruthError } from './truth.js'
export type { TruthPost } from './truth.js'
