import fc from 'fast-check'
import { expect, test } from 'vitest'
import { FrameCutter } from './frame-cutter.js'

function frame(payload: Uint8Array): Uint8Array {
  const whole = new Uint8Array(4 + payload.length)
  new DataView(whole.buffer).setUint32(0, payload.length)
  whole.set(payload, 4)
  return whole
}

function cutter(max = 1000) {
  return new FrameCutter(max, (length, bound) => new Error(`${length} > ${bound}`))
}

test('law: however the bytes are cut into chunks, the frames come out, empty ones left out', () => {
  const payloads = fc.array(fc.uint8Array({ maxLength: 20 }), { maxLength: 12 })
  fc.assert(
    fc.property(payloads, fc.array(fc.nat(300), { maxLength: 20 }), (frames, cuts) => {
      const bytes = Buffer.concat(frames.map(frame))
      const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]
      const under = cutter()
      const out = places.slice(1).flatMap((until, i) => under.push(bytes.subarray(places[i], until)))
      expect(out.map((bytes) => [...bytes])).toEqual(frames.filter(({ length }) => length > 0).map((f) => [...f]))
      expect(under.missing).toBe(0)
    }),
  )
})

test('it knows what a frame still lacks', () => {
  const under = cutter()
  const bytes = frame(Uint8Array.of(1, 2, 3))
  const missing = [2, 4, 6, 7].map(
    (until, i, all) => (under.push(bytes.subarray(all[i - 1] ?? 0, until)), under.missing),
  )
  expect(missing).toEqual([2, 3, 1, 0])
})

test('a frame above the bound is refused by its length alone', () => {
  expect(() => cutter(9).push(Uint8Array.of(0, 0, 0, 10))).toThrow('10 > 9')
  expect(() => cutter().push(Buffer.from('HTTP/1.1'))).toThrow('1213486160 > 1000')
})
