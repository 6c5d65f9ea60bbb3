// Lines of JSON to records: two fields of six by jsonLines, beside JSON.parse of the same lines.
import { jsonLines } from 'dstream'
import { alternately, median, ratio, report } from './measure.mjs'

const size = 50_000
const lines = Array.from({ length: size }, (_, i) =>
  JSON.stringify({
    id: String(1_000_000_000 + i),
    hour: '02 juin 2026 à 22:25:06',
    topic: `Le sujet numéro ${i % 50} du forum`,
    auteur: `auteur${i % 300}`,
    message: `Un message d'une longueur ordinaire, avec é et à, numéro ${i} `.repeat(1 + (i % 3)),
    stickers: i % 4 === 0 ? ['https://image.example/fichiers/2026/1/1.png'] : [],
  }),
)
const bytes = Buffer.from(`${lines.join('\n')}\n`)
const refuse = (_line, error) => {
  throw error
}
const measure = (records) => {
  let length = 0
  for (const { auteur, message } of records) length += auteur.length + message.length
  return length
}

/** The lines cut and parsed by hand. */
function* parsed() {
  for (let from = 0; from < bytes.length;) {
    const end = bytes.indexOf(10, from)
    yield JSON.parse(bytes.toString('utf8', from, end))
    from = end + 1
  }
}
const two = jsonLines({ fields: ['auteur', 'message'] })
const short = jsonLines({ fields: ['id', 'auteur'] })
const all = jsonLines()
const times = await alternately(
  {
    parsed: () => measure(parsed()),
    two: () => measure(two.decode(bytes, refuse)),
    short: () => {
      let length = 0
      for (const { id, auteur } of short.decode(bytes, refuse)) length += id.length + auteur.length
      return length
    },
    all: () => measure(all.decode(bytes, refuse)),
  },
  { rounds: 15, warmUps: 5 },
)
const perLine = (name) => (median(times[name]) * 1e6) / size
report(`Lines of JSON of ${Math.round(bytes.length / size)} bytes, per line`, [
  { name: 'JSON.parse by hand', value: perLine('parsed'), unit: 'ns' },
  { name: 'jsonLines, author and message', value: perLine('two'), unit: 'ns' },
  { name: '  against JSON.parse', value: ratio(times, 'two', 'parsed'), unit: '×', atLeast: 2 },
  { name: 'jsonLines, number and author', value: perLine('short'), unit: 'ns' },
  { name: '  against JSON.parse', value: ratio(times, 'short', 'parsed'), unit: '×', atLeast: 2 },
  { name: 'jsonLines, all fields', value: perLine('all'), unit: 'ns' },
  { name: '  against JSON.parse', value: ratio(times, 'all', 'parsed'), unit: '×', atLeast: 0.9 },
])
