// Promises of the engine as small programs of a user, each with the value that it finds and the right one. They are run from
// the packed package, as an ES module and as CommonJS, where code without 'use strict' ignores a change of a frozen object.

/**
 * @param {any} use the entries of the package (`dstream`, `testing`, `storage` and those of connectors), and `node`, the modules of Node
 * @returns {Record<string, () => Promise<[found: unknown, right: unknown]>>}
 */
export const behaviours = ({ dstream, testing, storage, kafka, postgres, redis, node }) => {
  const { Milliseconds, Seconds, StreamingContext, Time } = dstream
  const { TestContext } = testing
  const { memoryStorage } = storage
  const { events, fs, os, path, stream, threads, vm } = node

  const second = { batchInterval: Seconds(1) }
  const context = (options = {}) => new TestContext({ ...second, ...options })
  const folder = () => fs.mkdtempSync(path.join(os.tmpdir(), 'dstream-packed-'))
  const quiet = { debug() {}, info() {}, warn() {}, error() {} }
  /** Keeps the lines of a logger. */
  const logged = () => {
    const lines = []
    const line = (_, text) => void lines.push(text)
    return { lines, logger: { debug() {}, info: line, warn: line, error: line } }
  }
  const errorOf = async (make) => {
    try {
      await make()
    } catch (error) {
      return error
    }
    return new Error('nothing was thrown')
  }
  const codeOf = async (make) => (await errorOf(make)).code
  const bytesOf = (files) => [...files.values()].reduce((sum, { length }) => sum + length, 0)
  const add = (a, b) => a + b
  /** Returns what a state holds of a value after a crash. */
  const stateAfterCrash = async (value) => {
    const last = (values, state) => values.at(-1) ?? state
    const define = (t) => t.output(t.input([[1]]).mapToPair(() => ['k', value]).updateStateByKey(last)) // prettier-ignore
    const t = context({ storage: memoryStorage() })
    define(t)
    await t.run(1)
    const next = await t.crashAndRecover(define)
    await next.run(1)
    await next.ssc.stop()
    const [[, found]] = next.defined.batches.at(-1)
    return found
  }

  return {
    // ── outputs ──────────────────────────────────────────────────────────────────────────────────────────────────────

    'a write that fails once is tried again before newer ones': async () => {
      const store = new Map()
      const seen = []
      let fails = 1
      const t = context()
      t.input([[1], [2], [3], [4]]).foreachRDD(async (rdd) => {
        const [balance] = await rdd.collect()
        if (balance === 3 && fails-- > 0) throw new Error('503')
        store.set('balance', balance)
        seen.push(balance)
      })
      await t.run()
      await t.ssc.stop()
      return [
        [store.get('balance'), seen],
        [4, [1, 2, 3, 4]],
      ]
    },

    'a job stopped by an output goes on with that batch, then with later ones': async () => {
      let isAway = true
      const seen = []
      const define = (t) =>
        t.input([[1], [2], [3], [4]]).foreachRDD(async (rdd, _, { replayed }) => {
          const [balance] = await rdd.collect()
          if (balance === 3 && isAway) throw new Error('503')
          seen.push([balance, replayed])
        })
      const t = context({ storage: memoryStorage() })
      define(t)
      const error = await errorOf(() => t.run())
      isAway = false
      const next = await t.crashAndRecover(define)
      await next.run()
      await next.ssc.stop()
      return [
        [error.message, seen.map(([balance]) => balance), seen[2][1]],
        ['503', [1, 2, 3, 4], true],
      ]
    },

    'a batch that is given up lets later ones pass': async () => {
      const { lines, logger } = logged()
      const t = context({ logger })
      const seen = []
      t.input([[1], [2], [3]]).foreachRDD(
        async (rdd, _, { number }) => {
          const [n] = await rdd.collect()
          seen.push([n, number])
          if (n === 2) throw new Error('503')
        },
        { retry: { attempts: 2 }, onFailure: (error) => (error.message === '503' ? 'skip' : 'stop') },
      )
      const error = await errorOf(() => t.run())
      await t.ssc.stop()
      return [
        [seen, error.message, lines.filter((line) => line.includes('503')).length],
        [[[1, 1], [2, 1], [2, 2], [3, 1]], '503', 2], // prettier-ignore
      ]
    },

    'a source is closed after its last batch': async () => {
      const calls = []
      const t = context()
      const source = {
        initial: () => 0,
        plan: (from) => (calls.push('plan'), from + 1),
        read: (from) => (calls.push('read'), [from]),
        close: () => void calls.push('close'),
      }
      t.output(t.ssc.fromSource(source))
      await t.run(2)
      await t.stop()
      return [
        [calls.indexOf('close'), calls.filter((call) => call === 'close').length],
        [calls.length - 1, 1],
      ]
    },

    'records that are left out are counted in events, progress and totals': async () => {
      const t = context({ onRecordError: 'skip' })
      const infos = []
      t.ssc.on('batchCompleted', ({ batchInfo }) => void infos.push(batchInfo.skippedRecords))
      const refuse = (n) => {
        if (n > 1) throw new Error('too much')
        return n
      }
      t.output(
        t
          .input([[1, 2, 3]])
          .map(refuse)
          .uid('small'),
      )
      await t.run()
      const found = [infos, t.ssc.lastProgress.skippedRecords, t.ssc.totals.skippedRecords]
      await t.ssc.stop()
      return [found, [[{ small: 2 }], { small: 2 }, { small: 2 }]]
    },

    'a second instance may wait for the lock': async () => {
      const checkpointDir = folder()
      const instance = (onLocked) => {
        const ssc = new StreamingContext({ batchInterval: Milliseconds(50), checkpointDir, onLocked, logger: quiet })
        ssc.rateStream(10).foreachRDD(() => undefined)
        return ssc
      }
      const steps = []
      const first = instance('refuse')
      await first.start()
      const refused = await codeOf(() => instance('refuse').start())
      const next = instance('wait')
      const started = next.start().then(() => steps.push('the next has started'))
      steps.push('the first stops')
      await first.stop()
      await started
      await next.stop()
      return [
        [refused, steps],
        ['storage-locked', ['the first stops', 'the next has started']],
      ]
    },

    // ── right results ────────────────────────────────────────────────────────────────────────────────────────────────

    'an incremental window holds nothing that has left it while the job was away': async () => {
      const define = (t) => t.output(t.input([['a'], ['a']]).countByValueAndWindow(Seconds(2)))
      const t = context({ storage: memoryStorage(), missedBatches: 'skip' })
      const first = define(t)
      await t.run(2)
      const next = await t.crashAndRecover(define, { downtime: Seconds(10) })
      await next.run(2)
      await next.ssc.stop()
      return [[first.batches, next.defined.batches], [[[['a', 1]], [['a', 2]]], [[], []]]] // prettier-ignore
    },

    'another window length under the same uid': async () => {
      const counts = []
      const keep = memoryStorage()
      let nowMs = 0
      for (const length of [3, 1]) {
        const t = context({ storage: keep, startTime: new Time(nowMs) })
        const { stream, push } = t.source()
        stream
          .countByWindow(Seconds(length))
          .uid('count')
          .foreachRDD(async (rdd) => {
            counts.push(...(await rdd.collect()))
          })
        for (let batch = 0; batch < 3; batch++) {
          push('a')
          await t.run(1)
        }
        await t.ssc.stop()
        nowMs = t.ssc.lastProgress.batchTime
      }
      return [counts, [1, 2, 3, 1, 1, 1]]
    },

    'a state that its function changes in place': async () => {
      const t = context()
      const out = t.output(
        t.inputPairs([[['k', 1]], [['k', 2]], [['k', 3]]]).updateStateByKey((values, state) => {
          const st = state ?? { n: 0 }
          for (const value of values) st.n += value
          return st
        }),
      )
      await t.run()
      await t.ssc.stop()
      return [out.batches.map(([[, { n }]]) => n), [1, 3, 6]]
    },

    'a reducer that changes its first argument': async () => {
      const t = context()
      const pairs = t.inputPairs([[['k', [1]]], [['k', [2]]], [['k', [3]]], [['k', [4]]]])
      const append = (a, b) => {
        a.push(...b)
        return a
      }
      const out = t.output(pairs.reduceByKeyAndWindow(append, Seconds(2)))
      await t.run()
      await t.ssc.stop()
      return [out.batches.map(([[, list]]) => list), [[1], [1, 2], [2, 3], [3, 4]]]
    },

    'records of a window that a function changes': async () => {
      const t = context()
      const out = t.output(
        t
          .input([[{ n: 1 }], [], []])
          .window(Seconds(3))
          .map((record) => {
            record.n *= 10
            return record.n
          }),
      )
      await t.run()
      await t.ssc.stop()
      return [out.batches, [[10], [10], [10]]]
    },

    'an object of a producer is neither frozen nor changed with': async () => {
      const emitter = new events.EventEmitter()
      const t = context()
      const seen = t.ssc.fromEventEmitter(emitter, 'seen')
      const last = (values, state) => values.at(-1) ?? state
      const out = t.output(seen.mapToPair((record) => ['k', record]).updateStateByKey(last))
      await t.ssc.start()
      const record = { n: 1 }
      emitter.emit('seen', record)
      await t.run(1)
      record.n = 2
      await t.run(1)
      await t.ssc.stop()
      return [
        [record.n, out.batches.map(([[, { n }]]) => n).slice(0, 2)],
        [2, [1, 1]],
      ]
    },

    'an error in a window keeps its class and its code': async () => {
      class Refused extends Error {}
      const t = context()
      const given = Object.assign(new Refused('no', { cause: 'why' }), { code: 'E42' })
      const read = (error) => [error instanceof Refused, error.code, error.cause, error.message]
      const output = t.output(t.input([[given], []]).window(Seconds(2)).map(read)) // prettier-ignore
      await t.run()
      await t.ssc.stop()
      const right = [[true, 'E42', 'why', 'no']]
      return [output.batches, [right, right]]
    },

    'an async function where nothing awaits it': async () => {
      const uses = {
        filter: (s) => s.filter(async () => false),
        map: (s) => s.map(async (n) => n),
        flatMap: (s) => s.flatMap(async (n) => [n]),
        tap: (s) => s.tap(async () => undefined),
        reduce: (s) => s.reduce(async (a, b) => (await a) + b),
      }
      const found = {}
      for (const [name, use] of Object.entries(uses)) {
        const t = context()
        t.output(use(t.input([[1, 2, 3]])))
        const error = await errorOf(() => t.run())
        await t.ssc.stop().catch(() => undefined)
        found[name] = /mapAsync/.test(error.message)
      }
      return [found, { filter: true, map: true, flatMap: true, tap: true, reduce: true }]
    },

    'a property that would be lost is refused; results of match are not': async () => {
      const match = await stateAfterCrash('ab'.match(/b/))
      const refused = []
      for (const value of [{ [Symbol('s')]: 1 }, Object.assign([1], { unit: 'm' })]) refused.push(await codeOf(() => stateAfterCrash(value))) // prettier-ignore
      return [
        [match[0], match.index, match.input, refused],
        ['b', 1, 'ab', ['state-not-storable', 'state-not-storable']],
      ]
    },

    'a graceful stop keeps maxRate': async () => {
      const t = context({ maxRate: 1000 })
      const emitters = [0, 1, 2].map(() => new events.EventEmitter())
      const out = t.output(t.ssc.union(emitters.map((emitter) => t.ssc.fromEventEmitter(emitter, 'n'))))
      const delays = []
      t.ssc.on('batchCompleted', ({ batchInfo }) => void delays.push(batchInfo.schedulingDelay))
      await t.run(1)
      for (const emitter of emitters) for (let n = 0; n < 5000; n++) emitter.emit('n', n)
      await t.stop()
      const sizes = out.batches.map(({ length }) => length)
      return [
        [sizes.reduce(add), Math.max(...sizes) <= 3000, Math.min(...delays) >= 0],
        [15_000, true, true],
      ]
    },

    // ── recovery ─────────────────────────────────────────────────────────────────────────────────────────────────────

    'a batch that was begun is run at its own time under another interval': async () => {
      const keep = memoryStorage()
      const define = (t) => {
        const { stream, push } = t.source()
        const out = t.output(
          stream
            .mapToPair((word) => [word, 1])
            .runningReduceByKey(add)
            .uid('totals'),
        )
        return { push, out }
      }
      const t = new TestContext({ batchInterval: Milliseconds(100), storage: keep })
      const first = define(t)
      for (let batch = 0; batch < 2; batch++) {
        first.push('a')
        await t.run(1)
      }
      first.push(...Array(10).fill('a'))
      const { storage: left } = await t.crashAndRecover(() => undefined, { at: 'batch:allocated' })
      const options = { batchInterval: Milliseconds(250), storage: left, startTime: new Time(300) }
      const next = new TestContext(options)
      const { out, push } = define(next)
      push('a')
      await next.run(1)
      await next.ssc.stop()
      return [
        [out.times.slice(0, 2), out.batches.slice(0, 2).flat()],
        [
          [300, 500],
          [
            ['a', 12],
            ['a', 13],
          ],
        ],
      ]
    },

    'a sink that an earlier run has written to': async () => {
      const held = new Map()
      const sink = {
        lastCommitted: () => (held.size === 0 ? undefined : new Time(Math.max(...held.keys()))),
        write: async ({ time, rdd }) => void held.set(time.milliseconds, await rdd.collect()),
      }
      for (const record of ['first', 'second']) {
        const t = context()
        const { stream, push } = t.source()
        stream.to(sink)
        for (let batch = 0; batch < 2; batch++) {
          push(record)
          await t.run(1)
        }
        await t.ssc.stop()
      }
      const records = [...held.values()].flat()
      return [records, ['first', 'first', 'second', 'second']]
    },

    'files of an earlier run are not replaced': async () => {
      const dir = folder()
      for (const record of ['first', 'second']) {
        const t = context()
        t.input([[record]]).saveAsTextFiles(path.join(dir, 'words'))
        await t.run(1)
        await t.ssc.stop()
      }
      return [fs.readFileSync(path.join(dir, 'words-1000', 'part-00000'), 'utf8'), 'first\n']
    },

    'a value that is nested too deeply fails with its record, and no restart': async () => {
      const nested = (levels) => (levels === 0 ? [] : [nested(levels - 1)])
      const define = (t) => {
        const rows = [[1], [1200], [2]]
        const pairs = t.input(rows).mapToPair((levels) => ['k', levels])
        return t.output(pairs.updateStateByKey(([levels], state) => (levels === undefined ? state : nested(levels))))
      }
      const t = context({ storage: memoryStorage(), onRecordError: 'skip' })
      define(t)
      await t.run(2)
      const next = await t.crashAndRecover(define)
      await next.run(1)
      await next.ssc.stop()
      return [JSON.stringify(next.defined.batches.at(-1)[0][1]), JSON.stringify(nested(2))]
    },

    'a clock behind the last commit': async () => {
      const found = {}
      for (const onClockBehind of ['wait', 'continue']) {
        const keep = memoryStorage()
        const first = context({ storage: keep, startTime: new Time(60_000) })
        first.output(first.input([['a']]))
        await first.run(2)
        await first.ssc.stop()
        const { lines, logger } = logged()
        const t = context({ storage: keep, startTime: new Time(50_000), onClockBehind, logger })
        const out = t.output(t.input([['a']]))
        await t.advance(Seconds(5))
        const isSaid = lines.some((line) => line.startsWith('The clock is 13000 ms behind the next batch'))
        const events = t.events.filter(({ type }) => type === 'clockBehind').length
        found[onClockBehind] = [isSaid, events, out.times.length > 0]
        await t.ssc.stop()
      }
      return [found, { wait: [true, 1, false], continue: [true, 1, true] }]
    },

    'an empty lock file is no owner; who loses a lock is told so': async () => {
      const checkpointDir = folder()
      fs.writeFileSync(path.join(checkpointDir, 'lock.000001'), '')
      const old = new Date(Date.now() - 60_000)
      fs.utimesSync(path.join(checkpointDir, 'lock.000001'), old, old)
      let stopped
      const failed = new Promise((resolve) => (stopped = resolve))
      const ssc = new StreamingContext({ batchInterval: Milliseconds(50), checkpointDir, logger: quiet })
      ssc.rateStream(10).foreachRDD(() => undefined)
      await ssc.start()
      const [own] = fs.readdirSync(checkpointDir).filter((name) => name.startsWith('lock.'))
      const taken = `lock.${String(Number(own.slice(5)) + 1).padStart(6, '0')}`
      fs.copyFileSync(path.join(checkpointDir, own), path.join(checkpointDir, taken))
      ssc.awaitTermination().catch((error) => stopped(error.code))
      const code = await failed
      await ssc.stop().catch(() => undefined)
      return [code, 'lock-lost']
    },

    'a disk that is full for a while': async () => {
      const checkpointDir = folder()
      let isFull = false
      const files = storage.fileStorage(checkpointDir)
      const full = () => Promise.reject(Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' }))
      const keep = {
        append: (file, bytes) => (isFull ? full() : files.append(file, bytes)),
        put: (file, bytes) => (isFull ? full() : files.put(file, bytes)),
        read: (file) => files.read(file),
        list: (prefix) => files.list(prefix),
        delete: (file) => files.delete(file),
        lock: () => files.lock(),
      }
      const ssc = new StreamingContext({ batchInterval: Milliseconds(50), storage: keep, logger: quiet })
      const seen = []
      ssc.rateStream(100).foreachRDD(async (rdd) => void seen.push(...(await rdd.collect())))
      await ssc.start()
      const until = (n) => new Promise((resolve) => ssc.on('batchCompleted', () => seen.length >= n && resolve()))
      await until(5)
      isFull = true
      await new Promise((resolve) => setTimeout(resolve, 150))
      isFull = false
      await until(seen.length + 5)
      await ssc.stop({ gracefully: true })
      return [seen, seen.map((_, i) => i)]
    },

    // ── one bad record, and what is kept ─────────────────────────────────────────────────────────────────────────────

    'a received record that cannot be stored': async () => {
      const run = async (options) => {
        const emitter = new events.EventEmitter()
        const t = context({ storage: memoryStorage(), ...options })
        const out = t.output(t.ssc.fromEventEmitter(emitter, 'value'))
        await t.ssc.start()
        const cycle = {}
        cycle.self = cycle
        for (const value of [1, () => 1, cycle, new URL('http://localhost/'), 2]) emitter.emit('value', value)
        const failure = await t.run(1).then(() => undefined, (error) => error.code) // prettier-ignore
        if (failure === undefined) await t.run(1)
        await t.ssc.stop().catch(() => undefined)
        return [out.batches.flat(), failure]
      }
      const skipped = await run({ onRecordError: 'skip' })
      const [, failure] = await run({})
      return [
        [skipped, failure],
        [[[1, 2], undefined], 'state-not-storable'],
      ]
    },

    'a window stores what it reads, and no stream above it': async () => {
      const size = async (define) => {
        const keep = memoryStorage()
        const t = context({ storage: keep })
        const { stream, push } = t.source()
        t.output(define(stream).reduceByKeyAndWindow(add, Seconds(6)))
        for (let batch = 0; batch < 8; batch++) {
          push(...Array.from({ length: 2000 }, (_, i) => `word ${i % 50} of batch ${batch}`))
          await t.run(1)
        }
        const bytes = bytesOf(keep.files())
        await t.ssc.stop()
        return bytes
      }
      const steps = (rdd) =>
        rdd
          .map((word) => word.toUpperCase())
          .map((word) => word.slice(0, 8))
          .mapToPair((word) => [word, 1])
      const streams = await size(steps)
      const transform = await size((stream) => stream.transformToPair(steps))
      return [streams <= transform * 1.2, true]
    },

    'values of another realm': async () => {
      const made = vm.runInNewContext(`({ date: new Date(5), list: [1, { a: 1 }], map: new Map([['k', 1]]), set: new Set([1]), error: new RangeError('far') })`) // prettier-ignore
      const value = await stateAfterCrash(made)
      return [
        [value.date.getTime(), value.list, [...value.map], [...value.set], value.error.message],
        [5, [1, { a: 1 }], [['k', 1]], [1], 'far'],
      ]
    },

    // ── it ends, and says so ─────────────────────────────────────────────────────────────────────────────────────────

    'stop keeps its timeout and names the output that hangs': async () => {
      const ssc = new StreamingContext({ batchInterval: Milliseconds(20), logger: quiet })
      let begun
      const running = new Promise((resolve) => (begun = resolve))
      let aborted = false
      ssc.rateStream(10).foreachRDD((_, __, { signal }) => {
        signal.addEventListener('abort', () => (aborted = true))
        begun()
        return new Promise(() => undefined)
      }).uid('the slow store') // prettier-ignore
      await ssc.start()
      await running
      const error = await errorOf(() => ssc.stop({ gracefully: true, timeout: Milliseconds(200) }))
      return [
        [error.code, error.message.includes('the slow store'), aborted],
        ['stop-timed-out', true, true],
      ]
    },

    'stop within an output': async () => {
      const ssc = new StreamingContext({ batchInterval: Milliseconds(20), logger: quiet })
      const steps = []
      ssc.rateStream(10).foreachRDD(async () => {
        if (steps.length > 0) return
        steps.push('stops')
        await ssc.stop({ gracefully: true })
        steps.push('goes on')
      })
      await ssc.start()
      await ssc.awaitTermination()
      return [
        [steps, ssc.getState()],
        [['stops', 'goes on'], 'STOPPED'],
      ]
    },

    'stop within a loop over batches, and awaitTermination': async () => {
      const ssc = new StreamingContext({ batchInterval: Milliseconds(20), logger: quiet })
      const batches = ssc.rateStream(10).batches()
      await ssc.start()
      const steps = []
      const stop = async () => {
        await new Promise((resolve) => setImmediate(resolve))
        await ssc.stop({ gracefully: true })
        steps.push('goes on')
      }
      for await (const { time } of batches) {
        if (steps.length > 0) continue
        steps.push(await codeOf(() => ssc.awaitTermination()))
        await stop(time)
      }
      await ssc.awaitTermination()
      return [
        [steps, ssc.getState()],
        [['waits-for-itself', 'goes on'], 'STOPPED'],
      ]
    },

    'stop names a receiver that does not stop': async () => {
      class Feed extends dstream.Receiver {
        onStart() {}
        onStop() {
          return new Promise(() => undefined)
        }
      }
      const ssc = new StreamingContext({ batchInterval: Milliseconds(20), logger: quiet })
      ssc.receiverStream(new Feed()).foreachRDD(() => undefined)
      await ssc.start()
      const error = await errorOf(() => ssc.stop({ timeout: Milliseconds(100) }))
      return [
        [error.code, error.message.includes('the source "Feed stream [0]"')],
        ['stop-timed-out', true],
      ]
    },

    'awaitTermination within an output is refused in words': async () => {
      const ssc = new StreamingContext({ batchInterval: Milliseconds(20), logger: quiet })
      ssc.rateStream(10).foreachRDD(() => ssc.awaitTermination())
      await ssc.start()
      return [await codeOf(() => ssc.awaitTermination()), 'waits-for-itself']
    },

    'batches() as an async iterator': async () => {
      const t = context()
      const stream = t.input([[1], [2]])
      const loop = stream.batches()[Symbol.asyncIterator]()
      const asks = [loop.next(), loop.next(), loop.next()]
      await t.run(2)
      await t.ssc.stop()
      const answers = await Promise.all(asks)
      return [answers.map(({ done, value }) => (done ? 'done' : value.records)).slice(0, 2), [[1], [2]]]
    },

    'a terminated worker gives its lock back': async () => {
      const checkpointDir = folder()
      const code = `
        const { StreamingContext, Milliseconds } = require('dstream')
        const ssc = new StreamingContext({ batchInterval: Milliseconds(50), checkpointDir: ${JSON.stringify(checkpointDir)} })
        ssc.rateStream(10).foreachRDD(() => undefined)
        ssc.start().then(() => require('node:worker_threads').parentPort.postMessage('started'))`
      const worker = new threads.Worker(code, { eval: true, stderr: true })
      await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject))
      await worker.terminate()
      const ssc = new StreamingContext({ batchInterval: Milliseconds(50), checkpointDir, logger: quiet })
      ssc.rateStream(10).foreachRDD(() => undefined)
      await ssc.start()
      await ssc.stop()
      return [ssc.getState(), 'STOPPED']
    },

    'a print whose reader has gone': async () => {
      const out = new stream.Writable({ write: (_, __, done) => done(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' })) }) // prettier-ignore
      const { lines, logger } = logged()
      const t = context({ logger })
      const words = t.input([['a'], ['b']])
      words.print(10, { out })
      const seen = t.output(words)
      await t.run()
      await t.ssc.stop()
      return [
        [seen.batches, lines.filter((line) => line.includes('EPIPE')).length],
        [[['a'], ['b']], 1],
      ]
    },

    'a logger and a listener that throw stop no batch': async () => {
      const bad = () => {
        throw new Error('the logger is broken')
      }
      const write = process.stderr.write
      process.stderr.write = () => true
      try {
        const t = context({ logger: { debug: bad, info: bad, warn: bad, error: bad } })
        t.ssc.on('batchCompleted', bad)
        const out = t.output(t.input([[1], [2]]))
        await t.run()
        await t.ssc.stop()
        return [out.batches, [[1], [2]]]
      } finally {
        process.stderr.write = write
      }
    },

    'a plan that returns no position': async () => {
      const { lines, logger } = logged()
      let plans = 0
      const t = context({ logger })
      const source = {
        initial: () => 0,
        plan: (from) => (++plans === 1 ? undefined : from + 1),
        read: (from) => [from],
      }
      const out = t.output(t.ssc.fromSource(source))
      await t.run(3)
      await t.ssc.stop()
      return [[out.batches.flat().slice(0, 2), lines.some((line) => line.includes('undefined') || line.includes('plan'))], [[0, 1], true]] // prettier-ignore
    },

    // Nothing is installed beside the engine here.
    'a connector without its client is refused by start, with the package to install': async () => {
      const brokers = '127.0.0.1:1'
      const row = { table: 't', columns: { n: 'bigint' }, mode: 'append' }
      const programs = {
        'Kafka stream': (ssc) => kafka.createDirectStream(ssc, { brokers, topics: 't' }).print(),
        'Kafka sink': (ssc) => ssc.rateStream(1).to(kafka.kafkaSink({ brokers, topic: 't', value: String, transactionalId: 'i' })), // prettier-ignore
        'Redis stream': (ssc) => redis.redisStream(ssc, { key: 'k' }).print(),
        'Redis sink': (ssc) => ssc.rateStream(1).to(redis.redisSink({ key: 'k', write() {} })),
        'PostgreSQL sink': (ssc) => ssc.rateStream(1).map((n) => [n]).to(postgres.postgresSink({ connection: 'postgres://127.0.0.1:1/x', ...row })), // prettier-ignore
      }
      const found = {}
      for (const [name, define] of Object.entries(programs)) {
        const ssc = new StreamingContext({ ...second, logger: quiet })
        define(ssc)
        const { code, message } = await errorOf(() => ssc.start())
        found[name] = `${code}: ${/run: (npm install .*)$/.exec(message)?.[1] ?? message}`
        await ssc.stop().catch(() => undefined)
      }
      return [
        found,
        {
          'Kafka stream': 'kafka-client-missing: npm install @platformatic/kafka',
          'Kafka sink': 'kafka-client-missing: npm install @platformatic/kafka',
          'Redis stream': 'ioredis-missing: npm install ioredis',
          'Redis sink': 'ioredis-missing: npm install ioredis',
          'PostgreSQL sink': 'pg-missing: npm install pg',
        },
      ]
    },

    'queueStream with a checkpoint is refused at the first start': async () => {
      const ssc = new StreamingContext({ batchInterval: Seconds(1), checkpointDir: folder(), logger: quiet })
      ssc.queueStream([]).foreachRDD(() => undefined)
      const code = await codeOf(() => ssc.start())
      await ssc.stop().catch(() => undefined)
      return [typeof code, 'string']
    },

    'the test kit under fake timers': async () => {
      const real = { setTimeout, setImmediate, setInterval, queueMicrotask, Date, clearTimeout }
      const never = () => 0
      Object.assign(globalThis, { setTimeout: never, setImmediate: never, setInterval: never })
      try {
        const t = context()
        const out = t.output(t.input([[1], [2]]).map((n) => n * 2))
        await t.run()
        await t.ssc.stop()
        return [out.batches, [[2], [4]]]
      } finally {
        Object.assign(globalThis, real)
      }
    },
  }
}
