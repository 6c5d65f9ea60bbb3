// Whole-stage fusion: chains of steps beside loops written by hand, closures that call closures, an array per step, and
// RxJS. Everything runs in this one process, by turns, as chains do in an application.
import { RDDContext } from 'dstream'
import { filter, from, map, mergeMap, reduce } from 'rxjs'
import { alternately, median, ratio, report } from './measure.mjs'

const sc = new RDDContext()
const add = (a, b) => a + b

// ── word count: lines → words → pairs → totals ──────────────────────────────────────────────────────────────────────

let seed = 1
const random = () => (seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff) / 0x7fffffff
const vocabulary = Array.from({ length: 10_000 }, (_, i) => `w${((i * 2654435761) >>> 0).toString(36)}`)
const line = () => Array.from({ length: 12 }, () => vocabulary[Math.floor(random() * random() * 10_000)]).join(' ')
const lines = Array.from({ length: 100_000 }, line)
const words = lines.length * 12

const split = (text) => text.split(' ')
const isLong = (word) => word.length >= 4
const toPair = (word) => [word, 1]

const put = (totals, word, n) => {
  const known = totals.get(word)
  totals.set(word, known === undefined ? n : known + n)
}

const byHand = () => {
  const totals = new Map()
  for (let i = 0; i < lines.length; i++) {
    const parts = lines[i].split(' ')
    for (let j = 0; j < parts.length; j++) {
      const word = parts[j]
      if (word.length < 4) continue
      const known = totals.get(word)
      totals.set(word, known === undefined ? 1 : known + 1)
    }
  }
  return [...totals]
}

const closures = () => {
  const totals = new Map()
  const reduceStep = ([word, n]) => put(totals, word, n)
  const pairStep = (word) => reduceStep(toPair(word))
  const filterStep = (word) => (isLong(word) ? pairStep(word) : undefined)
  const splitStep = (text) => {
    for (const word of split(text)) filterStep(word)
  }
  for (const text of lines) splitStep(text)
  return [...totals]
}

const arrays = () => {
  const totals = new Map()
  for (const [word, n] of lines.flatMap(split).filter(isLong).map(toPair)) put(totals, word, n)
  return [...totals]
}

const rx = () => {
  const totals = new Map()
  from(lines)
    .pipe(mergeMap(split), filter(isLong), map(toPair))
    .subscribe(([word, n]) => put(totals, word, n))
  return [...totals]
}

const text = sc.parallelize(lines)
const fused = () => text.flatMap(split).filter(isLong).mapToPair(toPair).reduceByKey(add).collect()

const wordCount = { 'by hand': byHand, fused, closures, arrays, RxJS: rx }
const expected = byHand()
for (const [name, run] of Object.entries(wordCount)) {
  const totals = new Map(await run())
  const same = totals.size === expected.length && expected.every(([word, n]) => totals.get(word) === n)
  if (!same) throw new Error(`word count, ${name}: other totals than by hand`)
}
/** Millions a second. */
const perSecond = (times, count) => count / (median(times) * 1000)
const nanoseconds = (times) => ((median(times) * 1e6) / numbers.length).toFixed(2)

const wordTimes = await alternately(wordCount, { rounds: 15, warmUps: 4 })
report('Word count, against the loop by hand', [
  { name: 'by hand', value: perSecond(wordTimes['by hand'], words), unit: 'M words/s' },
  { name: 'fused', value: ratio(wordTimes, 'fused', 'by hand'), unit: '×', atLeast: 0.95 },
  ...['closures', 'arrays', 'RxJS'].map((name) => ({
    name,
    value: ratio(wordTimes, name, 'by hand'),
    unit: '×',
  })),
])

// ── light chains: map → filter → map → sum or count, eight of one shape ─────────────────────────────────────────────

const numbers = Array.from({ length: 1_000_000 }, (_, i) => ((i * 2654435761) >>> 0) % 1_000_003)
const rdd = sc.parallelize(numbers)

/** A loop by hand over the numbers. */
const hand = (loop) => () => loop(numbers)

// Each with the functions of its steps, made anew at every call, and its own loop by hand.
const chains = {
  halves: {
    steps: () => [(x) => x * 0.5, (x) => x > 100, (x) => x - 1.5],
    byHand(numbers) {
      let sum = 0
      for (let i = 0; i < numbers.length; i++) {
        const x = numbers[i] * 0.5
        if (x > 100) sum += x - 1.5
      }
      return sum
    },
  },
  distances: {
    steps: () => [(x) => Math.abs(x - 500_000), (x) => x < 400_000, (x) => x / 2],
    byHand(numbers) {
      let sum = 0
      for (let i = 0; i < numbers.length; i++) {
        const x = Math.abs(numbers[i] - 500_000)
        if (x < 400_000) sum += x / 2
      }
      return sum
    },
  },
  roots: {
    steps: () => [(x) => x * 2.5 + 1, (x) => x < 2e6, (x) => Math.sqrt(x)],
    byHand(numbers) {
      let sum = 0
      for (let i = 0; i < numbers.length; i++) {
        const x = numbers[i] * 2.5 + 1
        if (x < 2e6) sum += Math.sqrt(x)
      }
      return sum
    },
  },
  remainders: {
    steps: () => [(x) => x % 1000, (x) => x > 10, (x) => x * x],
    byHand(numbers) {
      let sum = 0
      for (let i = 0; i < numbers.length; i++) {
        const x = numbers[i] % 1000
        if (x > 10) sum += x * x
      }
      return sum
    },
  },
  'even ones': {
    steps: () => [(x) => x + 7, (x) => x % 2 === 0, (x) => x * 2],
    byHand(numbers) {
      let sum = 0
      for (let i = 0; i < numbers.length; i++) {
        const x = numbers[i] + 7
        if (x % 2 === 0) sum += x * 2
      }
      return sum
    },
  },
  rounded: {
    steps: () => [(x) => Math.round(x * 1.1), (x) => x > 5000, (x) => x - 3],
    byHand(numbers) {
      let sum = 0
      for (let i = 0; i < numbers.length; i++) {
        const x = Math.round(numbers[i] * 1.1)
        if (x > 5000) sum += x - 3
      }
      return sum
    },
  },
  bits: {
    steps: () => [(x) => x * 3 + 1, (x) => (x & 3) !== 0, (x) => x ^ 5],
    byHand(numbers) {
      let sum = 0
      for (let i = 0; i < numbers.length; i++) {
        const x = numbers[i] * 3 + 1
        if ((x & 3) !== 0) sum += x ^ 5
      }
      return sum
    },
  },
  squares: {
    steps: () => [(x) => x * x, (x) => x % 3 !== 1, (x) => x + 0.25],
    byHand(numbers) {
      let sum = 0
      for (let i = 0; i < numbers.length; i++) {
        const x = numbers[i] * numbers[i]
        if (x % 3 !== 1) sum += x + 0.25
      }
      return sum
    },
  },
}

const chain = ([first, keep, second]) => rdd.map(first).filter(keep).map(second).reduce(add)

const candidates = {}
for (const [name, { steps, byHand }] of Object.entries(chains)) {
  const stay = steps()
  candidates[`${name}, by hand`] = hand(byHand)
  candidates[name] = () => chain(stay)
  const [wanted, found] = [byHand(numbers), await chain(stay)]
  if (wanted !== found) throw new Error(`${name}: ${found} instead of ${wanted}`)
}
const chainTimes = await alternately(candidates, { rounds: 25, warmUps: 5, repeat: 8 })
report(
  'Eight light chains of one shape by turns, each against its own loop by hand',
  Object.keys(chains).map((name) => ({
    name: `${name} (by hand ${nanoseconds(chainTimes[`${name}, by hand`])} ns a record)`,
    value: ratio(chainTimes, name, `${name}, by hand`),
    unit: '×',
    atLeast: 0.9,
  })),
)

// ── the same with functions made anew for every batch, as inside `transform` ────────────────────────────────────────

const anew = {}
for (const [name, { steps }] of Object.entries(chains)) anew[name] = () => chain(steps())
const anewTimes = await alternately(anew, { rounds: 25, warmUps: 5, repeat: 8 })
report(
  'The same chains, their functions made anew in every batch',
  Object.keys(chains).map((name) => ({ name, value: Number(nanoseconds(anewTimes[name])), unit: 'ns a record' })),
)

// ── one light chain in other ways ───────────────────────────────────────────────────────────────────────────────────

const [f, keep, g] = chains.distances.steps()
const compose = () => {
  let sum = 0
  const last = (x) => {
    sum += g(x)
  }
  const middle = (x) => {
    if (keep(x)) last(x)
  }
  for (const x of numbers) middle(f(x))
  return sum
}
const rxSum = () => {
  let sum = 0
  from(numbers)
    .pipe(map(f), filter(keep), map(g), reduce(add, 0))
    .subscribe((total) => (sum = total))
  return sum
}
const lightTimes = await alternately(
  {
    'by hand': hand(chains.distances.byHand),
    fused: () => chain([f, keep, g]),
    closures: compose,
    arrays: () => numbers.map(f).filter(keep).map(g).reduce(add, 0),
    RxJS: rxSum,
  },
  { warmUps: 3, repeat: 8 },
)
report('A light chain, against the loop by hand', [
  { name: 'by hand', value: perSecond(lightTimes['by hand'], numbers.length), unit: 'M records/s' },
  ...['fused', 'closures', 'arrays', 'RxJS'].map((name) => ({
    name,
    value: ratio(lightTimes, name, 'by hand'),
    unit: '×',
  })),
])

// ── what a small batch costs ────────────────────────────────────────────────────────────────────────────────────────

const few = sc.parallelize([1, 2, 3])
const none = sc.emptyRDD()
const times = 10_000
// Compiling it takes longer than a hundred thousand of them, and a collection before each turn would throw code away again.
const small = await alternately(
  {
    few: async () => {
      for (let i = 0; i < times; i++) await few.map(f).filter(keep).count()
    },
    none: async () => {
      for (let i = 0; i < times; i++) await none.mapToPair(toPair).reduceByKey(add).collect()
    },
  },
  { warmUps: 20, collect: false },
)
report('An action on an RDD with few records', [
  { name: 'map, filter, count of three records', value: (median(small.few) * 1000) / times, unit: 'µs' },
  { name: 'mapToPair, reduceByKey, collect of none', value: (median(small.none) * 1000) / times, unit: 'µs' },
])
