import { setMaxListeners } from 'node:events'
import { describe, expect, test } from 'vitest'
import { ManualClock, settled } from '../../../../test/manual-clock.js'
import { RequestGate, type Slot } from './request-gate.js'

const none = new AbortController().signal
setMaxListeners(0, none)

/** A gate, and a list of who started when. */
function gateOf(perSecond: number, maxInFlight: number, random = () => 0.5) {
  const clock = new ManualClock()
  const gate = new RequestGate({ clock, random, perSecond, maxInFlight })
  const started: [string, number][] = []
  const slots = new Map<string, Slot>()
  const ask = (name: string, options: { urgent?: boolean; signal?: AbortSignal; hold?: boolean } = {}): Promise<void> =>
    gate.acquire(options.signal ?? none, { urgent: options.urgent ?? false }).then((slot) => {
      started.push([name, clock.now()])
      slots.set(name, slot)
      if (!options.hold) slot.release(true)
    })
  return { clock, gate, started, slots, ask }
}

describe('RequestGate', () => {
  test('keeps the rate, and never goes faster than half the gap', async () => {
    let seed = 1
    const { clock, started, ask } = gateOf(10, 60, () => (seed = (seed * 16807) % 2147483647) / 2147483647)
    for (let i = 0; i < 200; i++) void ask(String(i))
    await clock.advance(60_000)
    const times = started.map(([, at]) => at)
    expect(times).toHaveLength(200)
    expect((times.at(-1) as number) - (times[0] as number)).toBeGreaterThan(18_000)
    expect((times.at(-1) as number) - (times[0] as number)).toBeLessThan(22_000)
    expect(Math.min(...times.slice(1).map((at, i) => at - (times[i] as number)))).toBeGreaterThanOrEqual(49)
  })

  test('a least gap holds whatever the rate and its jitter', async () => {
    let seed = 1
    const { clock, gate, started, ask } = gateOf(1000, 60, () => (seed = (seed * 16807) % 2147483647) / 2147483647)
    gate.minGapMs = 3000
    for (let i = 0; i < 10; i++) void ask(String(i))
    await clock.advance(60_000)
    const times = started.map(([, at]) => at)
    expect(times.slice(1).map((at, i) => at - (times[i] as number))).toEqual(Array.from({ length: 9 }, () => 3000))
  })

  test('no more at once than allowed; urgent ones go first', async () => {
    const { clock, gate, started, slots, ask } = gateOf(1000, 2)
    for (const name of ['a', 'b', 'c', 'd']) void ask(name, { hold: true })
    void ask('list', { urgent: true })
    await clock.advance(10_000)
    expect(started.map(([name]) => name)).toEqual(['a', 'list', 'b'])
    expect(gate.inFlight).toBe(2)
    slots.get('a')?.release(true)
    slots.get('a')?.release(true)
    await clock.advance(1000)
    expect(started.map(([name]) => name)).toEqual(['a', 'list', 'b', 'c'])
  })

  test('after a pause one request goes alone, and the others follow once it was answered', async () => {
    const { clock, gate, started, slots, ask } = gateOf(1000, 60)
    gate.pause(5000)
    for (const name of ['a', 'b', 'c']) void ask(name, { hold: true })
    await clock.advance(4999)
    expect([started, gate.pausedUntil]).toEqual([[], 5000])
    await clock.advance(1000)
    expect(started).toEqual([['a', 5000]])
    // Refused again: the next one goes alone too.
    slots.get('a')?.release(false)
    gate.pause(2000)
    await clock.advance(2500)
    expect(started.map(([name]) => name)).toEqual(['a', 'b'])
    slots.get('b')?.release(true)
    await clock.advance(10)
    expect(started.map(([name]) => name)).toEqual(['a', 'b', 'c'])
  })

  test('an answer to a request from before the pause does not end the caution', async () => {
    const { clock, gate, started, slots, ask } = gateOf(1000, 60)
    void ask('old', { hold: true })
    await clock.advance(10)
    gate.pause(1000)
    slots.get('old')?.release(true)
    for (const name of ['a', 'b']) void ask(name, { hold: true })
    await clock.advance(3000)
    expect(started.map(([name]) => name)).toEqual(['old', 'a'])
  })

  test('who no longer wants a turn gets none, and takes none', async () => {
    const { clock, started, ask } = gateOf(1, 60)
    const stop = new AbortController()
    void ask('a')
    const b = ask('b', { signal: stop.signal })
    void ask('c')
    await settled()
    stop.abort(new Error('stopped'))
    await expect(b).rejects.toThrow('stopped')
    await expect(ask('d', { signal: stop.signal })).rejects.toThrow('stopped')
    await clock.advance(1100)
    expect(started.map(([name]) => name)).toEqual(['a', 'c'])
  })
})
