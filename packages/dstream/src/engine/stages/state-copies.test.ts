import { describe, expect, test } from 'vitest'
import { decodeValue } from '../../durable/codec/value-codec.js'
import type { Graph } from '../../streams/graph/graph.js'
import type { PartitionUpdate } from '../../streams/graph/operator.js'
import { KeyedState } from '../../streams/state/keyed-state.js'
import { decodedPairs, encodedInput } from './encoded-input.js'
import { StateCopies } from './state-copies.js'
import { eventLoopYielder } from '../../platform/event-loop-yielder.js'
import { stringLists } from '../../platform/string-lists.js'

const sums: PartitionUpdate<number, readonly [string, number], string> = {
  functions: [],
  run(table, records, { time }) {
    const emitted: string[] = []
    for (const [key, n] of records) {
      if (n === 13) throw new RangeError('no 13')
      table.set(key, (table.get(key) ?? 0) + n)
      emitted.push(`${key} at ${time}`)
    }
    return emitted
  },
}
const state = { tables: { state: new KeyedState<number>() }, version: 1, update: sums }
const graph = { nodes: [{ id: 'sums', operator: { state } }] } as unknown as Graph

const nothing = () => undefined
const NO_PAIRS = { pairs: () => [], end: nothing }

/** Returns copies, and what updates them by pairs; the result is what `copies` say of the changes. */
function copiesOf() {
  const copies = new StateCopies(graph)
  const update = async (on: string, time: number, records: readonly (readonly [string, number])[], base?: object) => {
    const given =
      base === undefined ? undefined : { version: 1000, pieces: () => [[['a', 'b'], [1, 2], [1000], null, null]] }
    const input = await encodedInput(
      { state: { records, time, on, base: given, keys: 1, wantsEntries: false } },
      { yielder: eventLoopYielder, stringLists },
    )
    if (!('state' in input)) throw new TypeError('no input of a state')
    const pairs = () => decodedPairs(input.chunks)
    const made = await copies.update({ state: 'sums', partition: 0 }, input.state, { pairs, end: nothing })
    if (made === undefined) return undefined
    return { name: made.copy, changes: made.changes.map(decodeValue), emitted: made.emitted.map(decodeValue) }
  }
  return update
}

describe('a copy', () => {
  test('is asked for where there is none, and goes on from its last update', async () => {
    const update = copiesOf()
    expect(await update('sent', 2000, [['a', 5]])).toBeUndefined()
    const first = await update('sent', 2000, [['a', 5], ['c', 1]], {}) // prettier-ignore
    expect(first).toMatchObject({ changes: [[['a', 'c'], [6, 1], null, []]], emitted: [['a at 2000', 'c at 2000']] })
    const second = await update(first!.name, 3000, [['a', 1]])
    expect(second).toMatchObject({ changes: [[['a'], [7], null, []]] })
  })

  test('goes on from the version before, where the last update does not count', async () => {
    const update = copiesOf()
    const first = await update('sent', 2000, [['a', 5]], {})
    const again = await update('sent', 2000, [['a', 7]])
    expect(again).toMatchObject({ changes: [[['a'], [8], null, []]] })
    const third = await update(again!.name, 3000, [['b', 1]])
    expect(third).toMatchObject({ changes: [[['b'], [3], null, []]] })
    // Neither an update that does not count nor one behind it has the version.
    expect(await update(first!.name, 4000, [])).toBeUndefined()
  })

  test('is dropped where the function throws', async () => {
    const update = copiesOf()
    const first = await update('sent', 2000, [['a', 5]], {})
    await expect(update(first!.name, 3000, [['a', 13]])).rejects.toThrow('no 13')
    expect(await update(first!.name, 3000, [['a', 1]])).toBeUndefined()
  })

  test('takes no pairs where it is not here', async () => {
    let asked = 0
    const pairs = () => (asked++, [])
    const copies = new StateCopies(graph)
    const plan = { state: 'sums', partition: 0 }
    expect(await copies.update(plan, { time: 2000, on: 'sent' }, { pairs, end: nothing })).toBeUndefined()
    expect(asked).toBe(0)
  })

  test('is dropped where it was not used for long', async () => {
    const used = copiesOf()
    let name = (await used('sent', 2000, [], {}))!.name
    for (let time = 3000; time < 300_000; time += 1000) name = (await used(name, time, []))!.name
    const unused = new StateCopies(graph)
    const sent = { time: 2000, on: 'sent', base: { version: 1000, pieces: [] } }
    const first = await unused.update({ state: 'sums', partition: 0 }, sent, NO_PAIRS)
    for (let time = 3000; time < 300_000; time += 1000) {
      await unused.update({ state: 'sums', partition: 1 }, { ...sent, time }, NO_PAIRS)
    }
    const next = { time: 300_000, on: first!.copy }
    expect(await unused.update({ state: 'sums', partition: 0 }, next, NO_PAIRS)).toBeUndefined()
  })

  test('of a state that this worker does not know is left to the driver', async () => {
    const sent = { time: 2000, on: 'sent' }
    const done = new StateCopies(graph).update({ state: 'others', partition: 0 }, sent, NO_PAIRS)
    await expect(done).rejects.toThrow('there is no state others here')
  })
})
