import { expect, test } from 'vitest'
import type { BatchInfo } from '../../observe/events.js'
import { RateController } from './rate-controller.js'

function batch(endMs: number, processingDelay: number, records: Readonly<Record<number, number>>): BatchInfo {
  return {
    batchTime: endMs,
    submissionTime: endMs,
    processingStartTime: endMs - processingDelay,
    processingEndTime: endMs,
    processingDelay,
    schedulingDelay: 0,
    totalDelay: processingDelay,
    numRecords: 0,
    skippedRecords: {},
    outputOperationInfos: {},
    streamIdToInputInfo: Object.fromEntries(
      Object.entries(records).map(([id, n]) => [id, { inputStreamId: Number(id), numRecords: n, metadata: {} }]),
    ),
  }
}

function setUp() {
  const published: [number, number][] = []
  const publish = (streamId: number, rate: number): void => void published.push([streamId, rate])
  return { published, controller: new RateController({ batchMs: 1000, publish }) }
}

test('each stream gets the rate of its own records, cut to a whole number', () => {
  const { controller, published } = setUp()
  controller.batchCompleted(batch(1000, 300, { 0: 100, 1: 700 }))
  expect(published).toEqual([])
  controller.batchCompleted(batch(2000, 300, { 0: 100, 1: 700 }))
  expect(published).toEqual([
    [0, 333],
    [1, 2333],
  ])
})

test('a stream that gave nothing keeps its rate', () => {
  const { controller, published } = setUp()
  controller.batchCompleted(batch(1000, 100, { 0: 100, 1: 100 }))
  controller.batchCompleted(batch(2000, 100, { 1: 100 }))
  expect(published).toEqual([[1, 1000]])
})

test('a batch whose times are not known tells nothing', () => {
  const { controller, published } = setUp()
  const { processingEndTime: _, ...unfinished } = batch(2000, 100, { 0: 100 })
  controller.batchCompleted(batch(1000, 100, { 0: 100 }))
  controller.batchCompleted(unfinished)
  expect(published).toEqual([])
})

test('options that cannot be are refused at once', () => {
  expect(() => new RateController({ batchMs: 1000, integral: -1, publish: () => {} })).toThrow(/Integral term -1/)
})
