// Serves `count` posts as fast as the other side reads them, or `rate` in a second, to one client after the other. Tells its
// port over IPC, and how many bytes there are in all; to each message it answers with its processor time.
import { createServer } from 'node:net'
import { encodePost } from 'jvc-receiver/feed'

const count = Number(process.argv[2])
const rate = Number(process.argv[3] ?? Infinity)
const kinds = Math.min(count, 60_000)
const words = 8_000

let seed = 42
const random = () => {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
  return seed / 2 ** 32
}
/** Small ranks often, large ones seldom, as words are. */
const rank = (n) => Math.floor(Math.exp(random() * Math.log(n)))
const letters = 'aeioulnrstmpdcé'
const vocabulary = Array.from({ length: words + 1 }, () =>
  Array.from({ length: 3 + Math.floor(random() * 8) }, () => letters[Math.floor(random() * letters.length)]).join(''),
)
const post = (id) => ({
  id: String(1_000_000 + id),
  hour: '12:34:56',
  topic: `topic ${rank(500)}`,
  auteur: `auteur${rank(3000)}`,
  message: Array.from({ length: 24 }, () => vocabulary[rank(words)]).join(' '),
  stickers: random() < 0.3 ? [`https://image.noelshack.com/fichiers/${rank(300)}.png`] : [],
})

const lines = Array.from({ length: kinds }, (_, id) => Buffer.from(encodePost(post(id))))
const chunks = []
const perChunk = 200
for (let i = 0; i < count; i += perChunk) {
  chunks.push(Buffer.concat(Array.from({ length: Math.min(perChunk, count - i) }, (_, j) => lines[(i + j) % kinds])))
}

const bytes = chunks.reduce((sum, chunk) => sum + chunk.length, 0)

const server = createServer((socket) => {
  socket.on('error', () => {})
  let next = 0
  const begin = performance.now()
  const due = () => Math.min(chunks.length, ((performance.now() - begin) / 1000) * (rate / perChunk))
  const send = () => {
    while (next < due()) if (!socket.write(chunks[next++])) return
  }
  socket.on('drain', send)
  if (rate < Infinity) setInterval(send, 5)
  send()
})
server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port, bytes }))
process.on('message', () => process.send({ cpu: process.cpuUsage() }))
process.on('disconnect', () => process.exit(0))
