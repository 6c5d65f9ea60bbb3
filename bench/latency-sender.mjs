// Sends `rate` lines a second to whoever connects, about one write a millisecond: a key and the time of sending, in
// microseconds of the machine's monotonic clock.
import { createServer } from 'node:net'

const [rate, keys] = process.argv.slice(2).map(Number)
const now = () => process.hrtime.bigint() / 1000n

const server = createServer((socket) => {
  const begin = now()
  let sent = 0
  let ended = false
  const send = () => {
    if (ended) return
    const stamp = now()
    const due = Math.floor((Number(stamp - begin) * rate) / 1e6)
    let text = ''
    for (; sent < due; sent++) text += `key${(sent * 7919) % keys} ${stamp}\n`
    if (text !== '') socket.write(text)
    setTimeout(send, 1)
  }
  socket.setNoDelay(true)
  socket.on('close', () => (ended = true)).on('error', () => {})
  send()
})
server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }))
process.on('disconnect', () => process.exit(0))
