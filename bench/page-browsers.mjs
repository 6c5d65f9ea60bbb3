// Follows the page of a job as 200 browsers do, and as one that has stalled: it reads nothing after the head of the answer.
// Asked over IPC, tells how many follow and how many bytes they were sent.
import { get } from 'node:http'

const address = new URL('/events', process.argv[2])
const FOLLOWING = 200
let following = 0
let bytes = 0

const follow = (isStalled) => {
  const request = get(address, { agent: false }, (response) => {
    if (isStalled) return void response.socket.pause()
    following++
    response.on('data', (chunk) => (bytes += chunk.length)).on('close', () => following--)
  })
  // The page may not be there yet.
  request.on('error', () => setTimeout(follow, 50, isStalled))
}

for (let i = 0; i < FOLLOWING; i++) follow(false)
follow(true)
process.on('message', () => process.send({ following, bytes }))
process.on('disconnect', () => process.exit(0))
