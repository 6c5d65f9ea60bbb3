import { EventEmitter } from 'node:events'
import { Readable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { Receiver, Seconds, type DStream, type StreamingContext } from 'dstream'
import { memoryStorage } from 'dstream/storage'
import { TestContext } from 'dstream/testing'
import { Counter, nested, skippingContext } from './unstorable-values.js'

const cyclic: Record<string, unknown> = {}
cyclic['self'] = cyclic

const values: [name: string, value: unknown, says: RegExp][] = [
  ['an instance of a class', new Counter(), /an instance of Counter cannot be stored/],
  ['a function', () => 1, /a function cannot be stored/],
  ['a symbol', Symbol('s'), /a symbol cannot be stored/],
  ['a cyclic object', cyclic, /nested more than 1000 levels deep, or holds itself/],
  ['a value that is too deep', nested(1002), /nested more than 1000 levels deep/],
  ['a URL', new URL('http://localhost/'), /an instance of URL cannot be stored/],
  ['a Promise', Promise.resolve(1), /an instance of Promise cannot be stored/],
  [
    'an object whose getter throws',
    {
      get price(): number {
        throw new Error('no price yet')
      },
    },
    /no price yet/,
  ],
]

/** A receiver that stores what it is given at the start, one record at a time. */
class Storing extends Receiver<unknown> {
  readonly #records: readonly unknown[]
  constructor(records: readonly unknown[]) {
    super()
    this.#records = records
  }
  onStart(): void {
    for (const record of this.#records) this.store(record)
  }
  onStop(): void {}
}

/** The sources whose records are stored as values, each giving these records before the first batch. */
const sources: Record<string, (ssc: StreamingContext, records: readonly unknown[]) => [DStream<unknown>, () => void]> =
  {
    fromEventEmitter: (ssc, records) => {
      const emitter = new EventEmitter()
      return [
        ssc.fromEventEmitter(emitter, 'record'),
        () => {
          for (const record of records) emitter.emit('record', record)
        },
      ]
    },
    fromAsyncIterable: (ssc, records) => {
      const source = async function* () {
        // As objects, since an async generator awaits the promises that it yields.
        for (const record of records) yield await Promise.resolve({ record })
      }
      return [ssc.fromAsyncIterable(source()), () => {}]
    },
    fromReadable: (ssc, records) => [
      ssc.fromReadable<unknown>(Readable.from(records.map((record) => ({ record })))),
      () => {},
    ],
    'Receiver.store': (ssc, records) => [ssc.receiverStream(new Storing(records)), () => {}],
  }

function plain(record: unknown): unknown {
  return typeof record === 'object' && record !== null && 'record' in record ? record.record : record
}

describe.each(Object.entries(sources))('%s: a record that cannot be stored', (_, source) => {
  test.each(values)('%s is left out with onRecordError skip, and the others pass', async (_name, value, says) => {
    const { t, errors } = skippingContext()
    const [stream, give] = source(t.ssc, [1, value, 2])
    const out = t.output(stream.map(plain))
    await t.ssc.start()
    give()
    await t.run(2)
    await t.stop()
    expect(out.batches.flat()).toEqual([1, 2])
    expect(errors).toHaveLength(1)
    expect(errors[0]!.message).toMatch(says)
    expect(errors[0]!.operator).toMatch(/#1$/)
    expect(plain(errors[0]!.record)).toBe(value)
    expect(t.errors).toEqual([])
  })

  test('fails one batch by default, and the others pass in the next life', async () => {
    const t = new TestContext({ batchInterval: Seconds(1) })
    const define = (at: TestContext) => {
      const [stream, give] = source(at.ssc, at === t ? [1, new Counter(), 2] : [])
      return { give, out: at.output(stream.map(plain)) }
    }
    const first = define(t)
    await t.ssc.start()
    first.give()
    await expect(t.run(1)).rejects.toThrow(
      /#1: a received record( at \.record)?: an instance of Counter cannot be stored/,
    )
    const [failed] = t.errors
    expect(failed).toMatchObject({ time: 1000, error: { code: 'state-not-storable' } })
    expect(t.events.filter(({ type }) => type === 'receiverError')).toHaveLength(1)
    await expect(t.ssc.awaitTermination()).rejects.toBe(failed!.error)
    const next = await t.crashAndRecover(define)
    await next.run(1)
    await next.stop()
    expect([...first.out.batches, ...next.defined.out.batches].flat()).toEqual([1, 2])
  })
})

describe('storeBlock with a record that cannot be stored', () => {
  class Blocks extends Receiver<unknown> {
    result: Promise<unknown> | undefined
    onStart(): void {
      this.result = this.storeBlock([1, new Counter(), 2], { position: 3 }).then(
        () => 'stored',
        (error: unknown) => error,
      )
    }
    onStop(): void {}
  }

  test('rejects by default, and nothing of the block is stored', async () => {
    const t = new TestContext({ batchInterval: Seconds(1) })
    const receiver = new Blocks()
    const out = t.output(t.ssc.receiverStream(receiver))
    await t.run(1)
    const error = await receiver.result
    expect(error).toMatchObject({ code: 'block-not-stored' })
    expect((error as Error).message).toMatch(/an instance of Counter/)
    expect(out.batches).toEqual([[]])
    await t.stop()
  })

  test('stores the others when the record is left out', async () => {
    const t = new TestContext({ batchInterval: Seconds(1), onRecordError: 'skip' })
    const receiver = new Blocks()
    const out = t.output(t.ssc.receiverStream(receiver))
    await t.run(1)
    expect(await receiver.result).toBe('stored')
    expect(out.batches).toEqual([[1, 2]])
    expect(receiver.position).toBe(3)
    await t.stop()
  })
})

describe('what is stored with a record', () => {
  test.each(['position', 'metadata'] as const)('a %s that cannot be stored fails the call', async (part) => {
    const seen: unknown[] = []
    class Once extends Receiver<number> {
      async onStart(): Promise<void> {
        await this.storeBlock([1], { [part]: { inside: () => 1 } }).catch((error: unknown) => seen.push(error))
        if (part === 'metadata') return
        try {
          this.store(2, { inside: () => 1 })
        } catch (error) {
          seen.push(error)
        }
      }
      onStop(): void {}
    }
    const t = new TestContext({ batchInterval: Seconds(1) })
    const out = t.output(t.ssc.receiverStream(new Once()))
    await t.run(1)
    await t.stop()
    expect(seen).toHaveLength(part === 'metadata' ? 1 : 2)
    for (const error of seen) {
      expect(error).toMatchObject({ code: 'state-not-storable' })
      expect((error as Error).message).toMatch(new RegExp(`^The ${part} of received data .*at \\.inside`))
    }
    expect(out.batches.flat()).toEqual([])
  })
})

describe('a stop that loses received records rejects', () => {
  test.each([true, false])('gracefully: %s', async (gracefully) => {
    const storage = memoryStorage()
    let full = false
    const failing = new Proxy(storage, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name)
        if (typeof member !== 'function') return member
        return (...args: unknown[]): unknown => {
          if (full && name === 'append' && String(args[0]).startsWith('journal/')) {
            return Promise.reject(new Error('the disk is full'))
          }
          return (member as (...given: unknown[]) => unknown).apply(target, args)
        }
      },
    })
    const emitter = new EventEmitter()
    const t = new TestContext({ batchInterval: Seconds(1), storage: failing })
    t.output(t.ssc.fromEventEmitter(emitter, 'record'))
    await t.run(1)
    full = true
    for (let i = 0; i < 31; i++) emitter.emit('record', i)
    await expect(t.ssc.stop({ gracefully })).rejects.toMatchObject({
      code: gracefully ? expect.any(String) : 'blocks-lost',
      message: expect.stringMatching(/the disk is full/),
    })
  })
})
