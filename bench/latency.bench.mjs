// How old a record is when an output has it: 10,000 lines a second over a socket, a state per key, an output that collects.
// Each interval stands beside a program by hand that gathers lines for the same time, and syncs as often.
import { fork } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { message } from './job.mjs'
import { median, report } from './measure.mjs'

const rate = 10_000
const keys = 1000
const [warmUpMs, runMs, rounds] = [1500, Number(process.env.MS ?? 4000), Number(process.env.ROUNDS ?? 3)]

const child = (file, args) => fork(new URL(file, import.meta.url), args.map(String))

const run = async (mode, intervalMs, durable) => {
  const directory = durable ? mkdtempSync(join(tmpdir(), 'dstream-latency-')) : undefined
  const sender = child('latency-sender.mjs', [rate, keys])
  const { port } = await message(sender)
  const reader = child('latency-reader.mjs', [mode, port, intervalMs, warmUpMs, runMs, ...(directory === undefined ? [] : [directory])]) // prettier-ignore
  const figures = await message(reader)
  sender.disconnect()
  if (directory !== undefined) rmSync(directory, { recursive: true, force: true })
  return figures
}

const cases = [
  { title: 'batches of 5 ms', intervalMs: 5, durable: false, p99: 1.4, cores: 0.25 },
  { title: 'batches of 1 ms', intervalMs: 1, durable: false, p50: 1.4 },
  { title: 'durable, batches of 10 ms', intervalMs: 10, durable: true, p99: 1.4, cores: 0.35 },
  { title: 'durable, batches of 5 ms', intervalMs: 5, durable: true },
]
for (const { title, intervalMs, durable, ...goals } of cases) {
  const runs = { hand: [], dstream: [] }
  for (let round = 0; round < rounds; round++) {
    for (const mode of Object.keys(runs)) runs[mode].push(await run(mode, intervalMs, durable))
  }
  const of = (mode, name) => median(runs[mode].map((figures) => figures[name]))
  const against = (name) => median(runs.dstream.map((figures, i) => figures[name] / runs.hand[i][name]))
  const figures = ['p50', 'p99', 'p999'].flatMap((name) => [
    { name: `${name}, by hand in the same batches`, value: of('hand', name), unit: 'ms' },
    { name: `${name}, dstream`, value: of('dstream', name), unit: 'ms' },
    { name: '  against by hand', value: against(name), unit: '×', ...(goals[name] === undefined ? {} : { atMost: goals[name] }) }, // prettier-ignore
  ])
  report(`Latency at ${rate} lines a second, ${title}`, [
    ...figures,
    { name: 'cores, by hand', value: of('hand', 'cores') },
    { name: 'cores, dstream', value: of('dstream', 'cores'), ...(goals.cores === undefined ? {} : { atMost: goals.cores }) }, // prettier-ignore
    { name: 'lines a second, dstream', value: of('dstream', 'records') },
  ])
}
