import { EventEmitter } from 'node:events'
import type { ServerResponse } from 'node:http'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { EventStreams, type Channel } from './event-streams.js'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** The response to a browser, which takes what is written unless it has stalled. */
class Browser extends EventEmitter {
  readonly messages: string[] = []
  writableNeedDrain = false
  isCut = false
  writeHead(): void {
    // The head says nothing here.
  }
  write(text: string): void {
    if (text.startsWith('data: ')) this.messages.push(text.slice(6).trim())
  }
  destroy(): void {
    this.isCut = true
    this.emit('close')
  }
}

/** A number that grows, and what leads from an earlier one to it. */
function counter() {
  let now = 0
  const channel: Channel = {
    since: (version) =>
      version === String(now) ? undefined : { text: `${version ?? 'none'} to ${now}`, version: String(now) },
  }
  return { channel, grow: () => void now++ }
}

const add = (streams: EventStreams, browser: Browser, channel: Channel): void =>
  streams.add(browser as unknown as ServerResponse, channel)

test('a browser that has stalled gets nothing more, then one message that leads to the present', () => {
  const { channel, grow } = counter()
  const streams = new EventStreams()
  const [quick, slow] = [new Browser(), new Browser()]
  for (const browser of [quick, slow]) add(streams, browser, channel)
  slow.writableNeedDrain = true
  for (let i = 0; i < 4; i++) {
    grow()
    vi.advanceTimersByTime(250)
  }
  expect(quick.messages).toEqual(['none to 0', '0 to 1', '1 to 2', '2 to 3', '3 to 4'])
  expect(slow.messages).toEqual(['none to 0'])
  slow.writableNeedDrain = false
  vi.advanceTimersByTime(250)
  expect(slow.messages).toEqual(['none to 0', '0 to 4'])
})

test('a browser that takes nothing for a minute is cut off, and the others go on', () => {
  const { channel, grow } = counter()
  const streams = new EventStreams()
  const [quick, slow] = [new Browser(), new Browser()]
  for (const browser of [quick, slow]) add(streams, browser, channel)
  slow.writableNeedDrain = true
  vi.advanceTimersByTime(59_000)
  expect([slow.isCut, streams.size]).toEqual([false, 2])
  vi.advanceTimersByTime(2_000)
  expect([slow.isCut, quick.isCut, streams.size]).toEqual([true, false, 1])
  grow()
  vi.advanceTimersByTime(250)
  expect(quick.messages.at(-1)).toBe('0 to 1')
})

test('at most four messages a second, and no timer without browsers', () => {
  const { channel, grow } = counter()
  const streams = new EventStreams()
  const browser = new Browser()
  expect(vi.getTimerCount()).toBe(0)
  add(streams, browser, channel)
  for (let i = 0; i < 100; i++) {
    grow()
    vi.advanceTimersByTime(10)
  }
  expect(browser.messages.length).toBeLessThanOrEqual(5)
  browser.emit('close')
  expect(vi.getTimerCount()).toBe(0)
})
