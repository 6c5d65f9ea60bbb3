import { describe, expect, test } from 'vitest'
import { Seconds } from '../../base/time/duration.js'
import { lineCodec } from '../../base/lines/line-codec.js'
import { Harness } from '../../../test/receive-harness.js'
import { isReceiver, Receiver } from './receiver.js'
import { ReceiverSupervisor } from './supervisor.js'

class Idle extends Receiver<string> {
  override onStart(): void {}
  override onStop(): void {}
}

function supervise(receiver: Receiver<string>, streamId = 0): ReceiverSupervisor<string> {
  const harness = new Harness()
  const { clock, addBlock, onEvent, logger } = harness
  return new ReceiverSupervisor({ receiver, streamId, clock, addBlock, onEvent, logger })
}

describe('before a supervisor is attached', () => {
  const receiver = new Idle()
  const calls: Record<string, () => unknown> = {
    streamId: () => receiver.streamId,
    store: () => receiver.store('a'),
    storeChunk: () => receiver.storeChunk(new Uint8Array(), lineCodec),
    storeBlock: () => receiver.storeBlock([]),
    storeBytes: () => receiver.storeBytes(new Uint8Array(), lineCodec),
    ready: () => receiver.ready(),
    position: () => receiver.position,
    reportError: () => receiver.reportError('x'),
    restart: () => receiver.restart('x', undefined, Seconds(1)),
    stop: () => receiver.stop('x'),
    isStarted: () => receiver.isStarted(),
    isStopped: () => receiver.isStopped(),
  }
  test.each(Object.entries(calls))('%s says so', (name, call) => {
    expect(call).toThrow(`A ReceiverSupervisor has not been attached to the receiver yet, so ${name}() cannot be used.`)
  })
})

test('a receiver of another copy of the library is one too', () => {
  const other = { [Symbol.for('dstream.receiver')]: true }
  expect(isReceiver(other)).toBe(true)
  expect(other).toBeInstanceOf(Receiver)
  expect(new Idle()).toBeInstanceOf(Idle)
  expect(other).not.toBeInstanceOf(Idle)
  expect({}).not.toBeInstanceOf(Receiver)
})

test('one receiver feeds one stream, and may feed another when that has ended', async () => {
  const receiver = new Idle()
  const first = supervise(receiver)
  expect(() => supervise(receiver, 1)).toThrow(/Idle-0 already feeds a stream/)
  await first.stop()
  expect(supervise(receiver, 1).name).toBe('Idle-1')
  expect(receiver.streamId).toBe(1)
})

test('wrong arguments are refused in words', () => {
  const receiver = new Idle()
  supervise(receiver).start()
  for (const wrong of [undefined, null, 5, 'text', {}, new Set([1])]) {
    expect(() => receiver.storeBlock(wrong as never)).toThrow('storeBlock: records must be an array of records, not ')
    expect(() => receiver.storeChunk(wrong as never, lineCodec)).toThrow('storeChunk: bytes must be a Uint8Array, not ')
    expect(() => receiver.storeBytes(new Uint8Array(1), wrong as never)).toThrow(
      'storeBytes: codec must be an object with an id and the function decode, not ',
    )
  }
})

test('unknown options are refused', () => {
  expect(() => new (class extends Idle {})({ maxrate: 3 } as never)).toThrow(/did you mean "maxRate"/)
  supervise(new Idle()).start()
  const receiver = new Idle()
  supervise(receiver).start()
  expect(() => receiver.storeBlock(['a'], { pos: 1 } as never)).toThrow(/no option "pos"/)
})
