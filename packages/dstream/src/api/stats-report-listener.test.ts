import { expect, test } from 'vitest'
import type { BatchInfo } from '../observe/events.js'
import type { Logger } from '../base/ports.js'
import { StatsReportListener } from './stats-report-listener.js'
import { TestContext } from '../testing/index.js'
import { Seconds } from '../base/time/duration.js'

function recorder(): { logger: Logger; lines: string[] } {
  const lines: string[] = []
  const log = (_: object, message: string): void => void lines.push(message)
  return { lines, logger: { debug: log, info: log, warn: log, error: log } }
}

function batch(totalDelay?: number, processingDelay?: number): { batchInfo: BatchInfo } {
  return {
    batchInfo: {
      batchTime: 1000,
      streamIdToInputInfo: {},
      submissionTime: 1000,
      numRecords: 0,
      skippedRecords: {},
      outputOperationInfos: {},
      ...(totalDelay === undefined ? {} : { totalDelay }),
      ...(processingDelay === undefined ? {} : { processingDelay }),
    },
  }
}

test('both distributions, of the last batches only', () => {
  const { logger, lines } = recorder()
  const listener = new StatsReportListener({ numBatches: 2, logger })
  listener.onBatchCompleted(batch(1000, 900))
  listener.onBatchCompleted(batch(10, 4))
  listener.onBatchCompleted(batch(20, 8))
  expect(lines.slice(-2)).toEqual([
    'Total delay, ms, of the last 2 batches: mean 15.0, stdev 5.0; 0% 10, 5% 10, 10% 10, 25% 10, 50% 20, 75% 20, 90% 20, 95% 20, 100% 20',
    'Processing time, ms, of the last 2 batches: mean 6.0, stdev 2.0; 0% 4, 5% 4, 10% 4, 25% 4, 50% 8, 75% 8, 90% 8, 95% 8, 100% 8',
  ])
})

test('what is not known yet is left out', () => {
  const { logger, lines } = recorder()
  const listener = new StatsReportListener({ logger })
  listener.onBatchCompleted(batch())
  expect(lines).toEqual([])
})

test('on a context: two lines a batch', async () => {
  const { logger, lines } = recorder()
  const t = new TestContext({ batchInterval: Seconds(1) })
  t.ssc.addStreamingListener(new StatsReportListener({ logger }))
  t.output(t.input([[1], [2], [3]]))
  await t.run()
  expect(lines).toHaveLength(6)
  expect(lines[5]).toContain('of the last 3 batches')
  await t.stop()
})

test.each([0, 1.5, -1])('%s batches are refused', (numBatches) => {
  expect(() => new StatsReportListener({ numBatches })).toThrow(expect.objectContaining({ code: 'bad-option' }))
})
