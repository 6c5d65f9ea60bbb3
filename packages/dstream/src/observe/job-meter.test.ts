import { expect, test } from 'vitest'
import { JobMetrics } from './job-metrics.js'
import { JobMeter, meterName, type Meter } from './job-meter.js'
import type { JobView } from './job-view.js'
import { DEFINITIONS, DELAYS } from './metric-definitions.js'

test.each([
  ['batches_completed_total', { name: 'dstream.batches_completed', unit: '' }],
  ['batch_interval_seconds', { name: 'dstream.batch_interval', unit: 's' }],
  ['storage_written_bytes_total', { name: 'dstream.storage_written', unit: 'By' }],
  ['last_received_batch_records', { name: 'dstream.last_received_batch_records', unit: '' }],
])('%s has its unit beside its name', (name, wanted) => {
  expect(meterName(name)).toEqual(wanted)
})

test('no two metrics get the same name', () => {
  const names = [...DEFINITIONS.map(({ name }) => name), ...DELAYS.map(([name]) => name)].map(
    (name) => meterName(name).name,
  )
  expect(new Set(names).size).toBe(names.length)
})

test('a job that is closed is not read any more', () => {
  const callbacks = new Set<unknown>()
  const instrument = (): object => ({})
  const meter = {
    createObservableCounter: instrument,
    createObservableGauge: instrument,
    createHistogram: instrument,
    addBatchObservableCallback: (callback: unknown) => callbacks.add(callback),
    removeBatchObservableCallback: (callback: unknown) => callbacks.delete(callback),
  } as unknown as Meter
  const job = new JobMeter(meter, { name: 'words', metrics: new JobMetrics() } as JobView)
  expect(callbacks.size).toBe(1)
  job.close()
  expect(callbacks.size).toBe(0)
})
