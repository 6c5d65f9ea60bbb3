// Socket → lines → posts → word count: dstream in batches of 500 ms beside a program written by hand without batches. The
// sender has a process of its own; so has each reader, one after the other. A run is long, because one with batches also
// waits for the first tick and for the last.
import { fork } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { message } from './job.mjs'
import { median, report } from './measure.mjs'

const count = Number(process.env.POSTS ?? 4_000_000)
const rounds = Number(process.env.ROUNDS ?? 3)
const file = (name) => new URL(name, import.meta.url)

const sender = fork(file('feed-sender.mjs'), [String(count)])
const { port } = await message(sender)
/** The processor time of the sender so far, in seconds. */
const senderCpu = async () => {
  const reply = message(sender)
  sender.send('cpu')
  const { user, system } = (await reply).cpu
  return (user + system) / 1e6
}
const read = async (mode, ...more) => {
  const before = await senderCpu()
  const reader = fork(file('feed-reader.mjs'), [mode, String(port), String(count), ...more])
  return { ...(await message(reader)), senderSeconds: (await senderCpu()) - before }
}

const runs = { hand: [], dstream: [], field: [], lazy: [], watched: [], durable: [], one: [], two: [] }
for (let round = 0; round < rounds; round++) {
  runs.hand.push(await read('hand'))
  runs.dstream.push(await read('dstream'))
  runs.field.push(await read('field'))
  runs.lazy.push(await read('lazy'))
  runs.watched.push(await read('watched'))
  const directory = mkdtempSync(join(tmpdir(), 'dstream-bench-'))
  runs.durable.push(await read('dstream', directory))
  rmSync(directory, { recursive: true })
  runs.one.push(await read('one'))
  runs.two.push(await read('two'))
}
sender.disconnect()

const words = new Set(Object.values(runs).flatMap((all) => all.map((run) => run.words)))
if (words.size !== 1) throw new Error(`The readers have counted different numbers of words: ${[...words].join(', ')}`)
const rate = (name) => median(runs[name].map(({ seconds }) => count / seconds / 1000))
/** How many times as fast as one thread two can be on two cores, with a sender that takes its part of both. */
const left = median(runs.one.map(({ cpuSeconds, senderSeconds }) => 2 / (1 + senderSeconds / cpuSeconds)))
const against = (name, base) => median(runs[name].map(({ seconds }, i) => runs[base][i].seconds / seconds))
report(`Feed ingest with word count, ${count} posts`, [
  { name: 'by hand, without batches', value: rate('hand'), unit: 'K posts/s' },
  { name: 'dstream, batches of 500 ms', value: rate('dstream'), unit: 'K posts/s' },
  { name: 'dstream against by hand', value: against('dstream', 'hand'), atLeast: 0.85 },
  {
    name: 'dstream that decodes the one field it reads, against by hand',
    value: against('field', 'hand'),
    atLeast: 0.95,
  },
  { name: 'dstream against dstream with eager: false', value: against('dstream', 'lazy'), atLeast: 0.97 },
  {
    name: 'dstream, resident memory at its peak',
    value: median(runs.dstream.map(({ peak }) => peak)),
    unit: 'MiB',
    atMost: 300,
  },
  {
    name: 'with a page and 200 browsers, one more stalled, against without',
    value: against('watched', 'dstream'),
    atLeast: 0.97,
  },
  {
    name: 'with a page and 200 browsers, resident memory at its peak',
    value: median(runs.watched.map(({ peak }) => peak)),
    unit: 'MiB',
    atMost: 350,
  },
  { name: 'dstream with a checkpoint directory', value: rate('durable'), unit: 'K posts/s' },
  { name: 'with a checkpoint directory against without', value: against('durable', 'dstream'), atLeast: 0.8 },
  { name: 'two threads against one', value: against('two', 'one') },
  { name: '  against what the sender leaves of two cores', value: against('two', 'one') / left, atLeast: 0.85 },
])
