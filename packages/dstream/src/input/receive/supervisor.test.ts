import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { BufferLimits } from './backlog.js'
import { Harness, settle } from '../../../test/receive-harness.js'
import { Receiver } from './receiver.js'
import { ReceiverSupervisor } from './supervisor.js'
import type { SupervisorOptions } from './supervisor.js'
import { lineCodec } from '../../base/lines/line-codec.js'
import { Milliseconds } from '../../base/time/duration.js'

/** Runs the given functions on start and stop, and counts the starts. */
class Scripted extends Receiver<unknown> {
  starts = 0
  stops = 0
  readonly signals: AbortSignal[] = []
  constructor(
    readonly started: (receiver: Scripted) => void | Promise<void> = () => {},
    readonly stopped: () => void | Promise<void> = () => {},
  ) {
    super()
  }
  override onStart(signal: AbortSignal): void | Promise<void> {
    this.starts++
    this.signals.push(signal)
    return this.started(this)
  }
  override onStop(): void | Promise<void> {
    this.stops++
    return this.stopped()
  }
}

function setUp(receiver: Receiver<unknown>, options: Partial<SupervisorOptions<unknown>> = {}) {
  const harness = new Harness()
  const { clock, addBlock, onEvent, logger } = harness
  const supervisor = new ReceiverSupervisor({ receiver, streamId: 0, clock, addBlock, onEvent, logger, ...options })
  return { harness, supervisor, receiver }
}

describe('a life', () => {
  test('starts, stores, stops; what it stored last is not lost', async () => {
    const receiver = new Scripted((r) => void r.store('a'))
    const { harness, supervisor } = setUp(receiver)
    expect([receiver.isStarted(), receiver.isStopped()]).toEqual([false, false])
    supervisor.start()
    supervisor.start()
    expect([receiver.isStarted(), receiver.isStopped(), receiver.starts]).toEqual([true, false, 1])
    await supervisor.stop()
    await supervisor.stop()
    expect([receiver.isStarted(), receiver.isStopped(), receiver.stops]).toEqual([false, true, 1])
    expect(harness.records).toEqual(['a'])
    expect(harness.eventTypes).toEqual(['receiverStarted', 'receiverStopped'])
    expect(harness.events[0]!.info).toEqual({
      streamId: 0,
      name: 'Scripted-0',
      active: true,
      lastErrorMessage: '',
      lastError: '',
      lastErrorTime: -1,
    })
    expect(harness.events[1]!.info).toMatchObject({ active: false, lastErrorMessage: 'Stopped by the context' })
    expect(() => receiver.store('late')).toThrow(/Cannot add data as the receiver Scripted-0/)
    await expect(receiver.storeBlock(['late'])).rejects.toMatchObject({ code: 'receiver-stopped' })
  })

  test('reportError is told, with message and stack, and changes nothing', async () => {
    const receiver = new Scripted()
    const { harness, supervisor } = setUp(receiver)
    supervisor.start()
    await harness.advance(5)
    const error = new Error('why')
    receiver.reportError('bad line', error)
    expect(harness.events[1]).toEqual({
      type: 'receiverError',
      info: {
        streamId: 0,
        name: 'Scripted-0',
        active: true,
        lastErrorMessage: 'bad line',
        lastError: error.stack,
        lastErrorTime: 5,
      },
    })
    expect(harness.log).toContain('Scripted-0: bad line')
    expect(receiver.isStarted()).toBe(true)
  })

  test('stop ends a receiver for good', async () => {
    const receiver = new Scripted((r) => {
      r.store('a')
      r.stop('had enough', new Error('why'))
    })
    const { harness, supervisor } = setUp(receiver)
    supervisor.start()
    await harness.advance(1e6)
    expect([receiver.starts, receiver.stops, supervisor.over]).toEqual([1, 1, true])
    expect(harness.events.at(-1)).toMatchObject({ type: 'receiverStopped', info: { lastErrorMessage: 'had enough' } })
    await supervisor.stop()
    expect(harness.eventTypes).toEqual(['receiverStarted', 'receiverStopped'])
    expect(harness.records).toEqual(['a'])
  })

  test('a promise of onStart that is fulfilled is its end', async () => {
    const receiver = new Scripted(async (r) => void r.store('a'))
    const { harness, supervisor } = setUp(receiver)
    supervisor.start()
    await harness.advance(1e6)
    expect([receiver.starts, receiver.stops, supervisor.over]).toEqual([1, 1, true])
    expect(harness.records).toEqual(['a'])
  })
})

describe('restart', () => {
  test('stops, waits two seconds and starts again', async () => {
    const receiver = new Scripted()
    const { harness, supervisor } = setUp(receiver)
    supervisor.start()
    receiver.store('a')
    receiver.restart('lost it', new Error('why'))
    receiver.restart('again')
    expect([receiver.isStopped(), receiver.stops, receiver.signals[0]!.aborted]).toEqual([true, 1, true])
    expect(() => receiver.store('between')).toThrow(/has not been started or has been stopped/)
    expect(harness.events[1]).toMatchObject({
      type: 'receiverStopped',
      info: { active: false, lastErrorMessage: 'Restarting receiver with delay 2000ms: lost it' },
    })
    await harness.advance(1999)
    expect(receiver.starts).toBe(1)
    await harness.advance(2000)
    expect([receiver.starts, receiver.isStarted(), receiver.signals[1]!.aborted]).toEqual([2, true, false])
    receiver.store('b')
    await supervisor.stop()
    expect(harness.records).toEqual(['a', 'b'])
    expect(harness.eventTypes).toEqual(['receiverStarted', 'receiverStopped', 'receiverStarted', 'receiverStopped'])
  })

  test('waits twice as long after each life that stored nothing, up to 30 seconds', async () => {
    const startsMs: number[] = []
    const receiver = new Scripted((r) => {
      startsMs.push(harness.clock.now())
      if (startsMs.length === 8) r.store('a')
      r.restart('no luck')
    })
    const { harness, supervisor } = setUp(receiver)
    supervisor.start()
    await harness.advance(122_000)
    const waits = startsMs.slice(1).map((ms, i) => ms - startsMs[i]!)
    expect(waits).toEqual([2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000, 2000])
    await supervisor.stop()
    expect(harness.clock.nextTimer(Infinity)).toBeUndefined()
  })

  test('waits as long as it is told', async () => {
    const receiver = new Scripted()
    const { harness, supervisor } = setUp(receiver)
    supervisor.start()
    receiver.restart('soon', undefined, Milliseconds(7))
    await harness.advance(7)
    expect(receiver.starts).toBe(2)
  })

  test.each<[string, () => void | Promise<void>, string]>([
    [
      'throws',
      () => {
        throw new Error('no')
      },
      'Error starting receiver 0',
    ],
    ['rejects', () => Promise.reject(new Error('no')), 'Error in receiver 0'],
  ])('happens when onStart %s, and is reported', async (_, start, message) => {
    let first = true
    const receiver = new Scripted(() => {
      if (!first) return
      first = false
      return start()
    })
    const { harness, supervisor } = setUp(receiver)
    supervisor.start()
    await settle()
    expect(harness.events[1]).toMatchObject({ type: 'receiverError', info: { lastErrorMessage: message } })
    await harness.advance(2000)
    expect([receiver.starts, receiver.stops, receiver.isStarted()]).toEqual([2, 1, true])
  })

  test('happens when a receiver stores on and on, whatever store answers; what was taken is kept', async () => {
    const limits: Partial<BufferLimits> = { maxBufferedRecords: 3 }
    const receiver = new Scripted((r) => {
      for (let n = 0; n < 100; n++) r.store(n)
    })
    const { harness, supervisor } = setUp(receiver, { limits })
    supervisor.start()
    expect(harness.eventTypes).toEqual(['receiverStarted', 'receiverError', 'receiverStopped'])
    expect(harness.events[1]!.info.lastErrorMessage).toMatch(/the 3 that maxBufferedRecords allows/)
    await supervisor.stop()
    expect(harness.records).toEqual([0, 1, 2, 3, 4, 5])
  })

  test('an onStop that throws, rejects or never comes back is reported, and holds nothing up', async () => {
    const endings: (() => void | Promise<void>)[] = [
      () => {
        throw new Error('no')
      },
      () => Promise.reject(new Error('no')),
      () => new Promise(() => {}),
    ]
    const receiver = new Scripted(undefined, () => endings.shift()?.())
    const { harness, supervisor } = setUp(receiver)
    supervisor.start()
    for (const life of [1, 2, 3]) {
      expect(receiver.starts).toBe(life)
      receiver.store(life)
      receiver.restart('on')
      await harness.advance(harness.clock.now() + 12_000)
    }
    expect(receiver.starts).toBe(4)
    const errors = harness.events.filter(({ type }) => type === 'receiverError')
    expect(errors.map(({ info }) => info.lastErrorMessage)).toEqual([
      'Error stopping receiver 0',
      'Error stopping receiver 0',
      'Receiver 0 is still stopping after 10000 ms; going on without it',
    ])
  })

  test.each<[string, (r: Scripted) => void | Promise<void>, unknown[]]>([
    ['at once', (r) => void r.store('last'), ['a', 'last']],
    ['as bytes', (r) => void r.storeChunk(new TextEncoder().encode('last\n'), lineCodec), ['a', 'last']],
    ['as a block that nobody waits for', (r) => void r.storeBlock(['last']), ['last', 'a']],
    [
      'step by step',
      async (r) => {
        for (const record of ['b', 'c', 'd', 'e']) if (!r.store(record)) await r.ready()
        await r.storeBlock(['last'])
      },
      ['last', 'a', 'b', 'c', 'd', 'e'],
    ],
  ])('what onStop stores %s is kept, and nothing that comes later', async (_, drain, stored) => {
    for (const end of ['stop', 'restart', 'context'] as const) {
      const receiver: Scripted = new Scripted(undefined, () => drain(receiver))
      // After the stop no batch frees room any more, and ready() does not wait for it.
      const maxBufferedRecords = end === 'context' ? 3 : 100
      const { harness, supervisor } = setUp(receiver, { limits: { maxBufferedRecords } })
      supervisor.start()
      receiver.store('a')
      if (end !== 'context') receiver[end]('enough')
      const stopped = end === 'context' ? supervisor.stop() : harness.advance(100)
      await stopped
      expect(() => receiver.store('late')).toThrow(expect.objectContaining({ code: 'receiver-stopped' }))
      await supervisor.stop()
      expect([...harness.records].sort()).toEqual([...stored].sort())
    }
  })

  test.each([
    [0, 10_000],
    [5000, 10_000],
    [60_000, 60_000],
  ])('a stop with %d ms of patience waits %d ms for onStop; then nothing is taken', async (patienceMs, waitedMs) => {
    const receiver = new Scripted(undefined, () => new Promise(() => {}))
    const { harness, supervisor } = setUp(receiver)
    supervisor.start()
    const stopped = supervisor.stop(patienceMs)
    await harness.advance(waitedMs - 1)
    receiver.store('in time')
    expect(supervisor.over).toBe(false)
    await harness.advance(waitedMs)
    expect(() => receiver.store('late')).toThrow(/has been stopped/)
    await stopped
    expect([harness.records, supervisor.over]).toEqual([['in time'], true])
    expect(harness.events.at(-1)!.info.lastErrorMessage).toBe(
      `Receiver 0 is still stopping after ${waitedMs} ms; going on without it`,
    )
  })

  test('a promise of an earlier life changes nothing in a later one', async () => {
    const ends: { resolve(): void; reject(error: Error): void }[] = []
    const receiver = new Scripted(() => new Promise((resolve, reject) => ends.push({ resolve, reject })))
    const { harness, supervisor } = setUp(receiver)
    supervisor.start()
    receiver.restart('one')
    await harness.advance(2000)
    receiver.restart('two')
    await harness.advance(10_000)
    ends[0]!.resolve()
    ends[1]!.reject(new Error('late'))
    await settle()
    expect([receiver.isStarted(), receiver.starts]).toEqual([true, 3])
    expect(harness.eventTypes.filter((type) => type === 'receiverError')).toEqual([])
  })

  test('a loop that waits in ready goes on when its life ends, and is refused', async () => {
    let refused: unknown
    const receiver = new Scripted(async (r) => {
      r.store('a')
      r.store('b')
      await r.ready()
      try {
        r.store('late')
      } catch (error) {
        refused = error
      }
    })
    const { harness, supervisor } = setUp(receiver, { limits: { maxBufferedRecords: 2 } })
    supervisor.start()
    await settle()
    expect(refused).toBeUndefined()
    receiver.restart('now')
    await settle()
    expect(refused).toMatchObject({ code: 'receiver-stopped' })
    expect(harness.eventTypes).toEqual(['receiverStarted', 'receiverStopped'])
  })
})

test('the lower of the own and the common rate holds', () => {
  class Limited extends Scripted {
    override readonly maxRate = 5
  }
  expect(setUp(new Limited(), { rate: { maxRate: 9 } }).supervisor.buffer.rate).toBe(5)
  expect(setUp(new Limited(), { rate: { maxRate: 3 } }).supervisor.buffer.rate).toBe(3)
  expect(setUp(new Limited()).supervisor.buffer.rate).toBe(5)
})

test('blocks that could not be stored at the stop are reported', async () => {
  const receiver = new Scripted((r) => void r.store('a'))
  const { harness, supervisor } = setUp(receiver)
  harness.failures.push(new Error('disk full'))
  supervisor.start()
  await supervisor.stop()
  expect(supervisor.buffer.unstored.length).toBe(1)
  expect(harness.events.at(-1)!.info.lastErrorMessage).toMatch(/Stopped with 1 blocks that could not be stored/)
  expect(harness.clock.nextTimer(Infinity)).toBeUndefined()
})

type Command = 'store' | 'block' | 'restart' | 'report' | 'stop' | 'fail' | 'end' | 'advance' | 'cut' | 'release'
const command = fc.oneof(
  { weight: 6, arbitrary: fc.constant<Command>('store') },
  { weight: 3, arbitrary: fc.constant<Command>('advance') },
  {
    weight: 5,
    arbitrary: fc.constantFrom<Command>('block', 'restart', 'report', 'fail', 'cut', 'release', 'stop', 'end'),
  },
)

/** A receiver whose every step the scheduler orders, and the commands of a script. */
function scriptedRun(s: fc.Scheduler) {
  const ends: { resolve(): void; reject(error: Error): void }[] = []
  let stopping = false
  const receiver = new Scripted(
    () => new Promise<void>((resolve, reject) => ends.push({ resolve, reject })),
    async () => {
      stopping = true
      await s.schedule(Promise.resolve(), 'onStop')
      stopping = false
    },
  )
  const { harness, supervisor } = setUp(receiver, {
    limits: { maxBufferedRecords: 4 },
    addBlock: async (block) => {
      await s.schedule(Promise.resolve(), 'addBlock')
      await harness.addBlock(block)
    },
  })
  const stored: number[] = []
  const direct: number[] = []
  let n = 0
  const refusals = ['receiver-stopped', 'receiver-buffer-full']
  const act: Record<Command, () => unknown> = {
    store: () => {
      const record = n++
      const open = receiver.isStarted() || stopping
      try {
        receiver.store(record)
        stored.push(record)
        expect(open).toBe(true)
      } catch (error) {
        expect(refusals).toContain((error as { code: string }).code)
      }
    },
    block: () => {
      const record = n++
      receiver.storeBlock([record]).then(
        () => direct.push(record),
        (error: { code: string }) => expect(refusals).toContain(error.code),
      )
    },
    restart: () => receiver.restart('on'),
    report: () => receiver.reportError('hm'),
    stop: () => receiver.stop('enough'),
    fail: () => ends.at(-1)?.reject(new Error('no')),
    end: () => ends.at(-1)?.resolve(),
    advance: () => harness.clock.runNext(harness.clock.nextTimer(Infinity) ?? harness.clock.now()),
    cut: () => void supervisor.buffer.closeDue(),
    release: () => harness.blocks.forEach((block) => supervisor.released(block)),
  }
  return { receiver, harness, supervisor, stored, direct, act }
}

test('law: whatever happens in whatever order, what was taken is in exactly one block, and nothing else is', async () => {
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), fc.array(command, { maxLength: 40 }), async (s, script) => {
      const { receiver, harness, supervisor, stored, direct, act } = scriptedRun(s)
      supervisor.start()
      await s.waitFor(
        s.scheduleSequence(script.map((label) => ({ label, builder: async () => void act[label]() }))).task,
      )
      await s.waitFor(supervisor.stop())
      await s.waitAll()
      await settle()

      const inBlocks = harness.records as number[]
      expect(inBlocks.filter((record) => stored.includes(record))).toEqual(stored)
      expect(inBlocks.length).toBe(stored.length + direct.length)
      expect(inBlocks.filter((record) => direct.includes(record)).sort()).toEqual([...direct].sort())
      const startsAndStops = harness.eventTypes.filter((type) => type !== 'receiverError')
      expect(startsAndStops.filter((type) => type === 'receiverStarted').length).toBe(receiver.starts)
      expect(receiver.stops).toBe(receiver.starts)
      expect(startsAndStops.at(-1)).toBe('receiverStopped')
    }),
  )
})
