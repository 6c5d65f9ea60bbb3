// The wait of a reader: how long after the tick the result of the batch is there. A feed of 50,000 posts a second, counted by
// word in batches of one second: everything at the tick by hand, the same with dstream, and with the blocks folded as they come.
import { fork } from 'node:child_process'
import { message } from './job.mjs'
import { median, report } from './measure.mjs'

const rate = Number(process.env.RATE ?? 50_000)
const rounds = Number(process.env.ROUNDS ?? 3)
const batches = Number(process.env.BATCHES ?? 12)
/** The batches that are not judged: in those before, loops are compiled, and in the first one a fold is learned. */
const first = 4

const file = (name) => new URL(name, import.meta.url)
const sender = fork(file('feed-sender.mjs'), [String(rate * (batches + 4)), String(rate)])
const { port } = await message(sender)
const read = (mode, blockMs) => message(fork(file('tick-reader.mjs'), [mode, port, batches, blockMs].map(String)))

const cases = {
  hand: ['hand', 0],
  lazy: ['lazy', 0],
  eager: ['eager', 0],
  lazy50: ['lazy', 50],
  eager50: ['eager', 50],
}
const runs = Object.fromEntries(Object.keys(cases).map((name) => [name, []]))
for (let round = 0; round < rounds; round++) {
  for (const [name, how] of Object.entries(cases)) runs[name].push(await read(...how))
}
sender.disconnect()

const late = (run) => median(run.delays.slice(first).map(({ ms }) => ms))
const of = (name) => median(runs[name].map(late))
const against = (name, base) => median(runs[name].map((run, i) => late(run) / late(runs[base][i])))
const posts = (name) => median(runs[name].map(({ delays }) => delays.at(-1).posts / delays.length / 1000))
const cpu = (name) => median(runs[name].map((run) => (run.cpu.user + run.cpu.system) / 1e6 / batches))
report(`Tick to result, word count of ${rate} posts a second in batches of 1 s`, [
  { name: 'by hand, everything at the tick', value: of('hand'), unit: 'ms' },
  { name: 'dstream, eager: false', value: of('lazy'), unit: 'ms' },
  { name: 'dstream', value: of('eager'), unit: 'ms' },
  { name: '  against eager: false', value: against('eager', 'lazy'), unit: '×', atMost: 0.5 },
  { name: '  against by hand', value: against('eager', 'hand'), unit: '×' },
  { name: 'dstream, blocks of 50 ms, eager: false', value: of('lazy50'), unit: 'ms' },
  { name: 'dstream, blocks of 50 ms', value: of('eager50'), unit: 'ms', atMost: 25 },
  { name: '  against eager: false', value: against('eager50', 'lazy50'), unit: '×', atMost: 0.25 },
  { name: 'received by the first tick of dstream and later', value: posts('eager'), unit: 'K posts/s' },
  { name: 'CPU, by hand', value: cpu('hand'), unit: 'cores' },
  { name: 'CPU, dstream, eager: false', value: cpu('lazy'), unit: 'cores' },
  { name: 'CPU, dstream', value: cpu('eager'), unit: 'cores' },
  { name: 'resident memory at its peak, dstream, eager: false', value: median(runs.lazy.map(({ peak }) => peak)), unit: 'MiB' }, // prettier-ignore
  { name: 'resident memory at its peak, dstream', value: median(runs.eager.map(({ peak }) => peak)), unit: 'MiB' },
])
