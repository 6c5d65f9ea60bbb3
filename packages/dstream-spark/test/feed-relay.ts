import { once } from 'node:events'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { encodePost, type Post } from 'jvc-receiver/feed'
import { startSimulator } from 'jvc-scraper/simulator'

/** The posts of one write, and the milliseconds between two: a receiver makes several blocks of them in each batch. */
const PIECE = 25
const PAUSE_MS = 30

/** Returns posts as a simulated forum publishes them, in order. The same ones in each run. */
export async function simulatedPosts(count: number): Promise<readonly Post[]> {
  const simulator = await startSimulator({ seed: 23, rate: 0, faults: 'same-title=0.5' })
  simulator.control({ do: 'publish', count })
  const posts = simulator.truth().map(({ id, hour, topic, auteur, message, stickers, topicId, at }) => {
    return { id, hour, topic, auteur, message, stickers: [...stickers], topicId, at, permalink: `post-${id}` }
  })
  await simulator.close()
  return posts
}

/** A feed on loopback. It gives each client the posts from the first one on, at a pace. */
export class FeedRelay {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  private constructor(posts: readonly Post[]) {
    this.#server = createServer((socket) => {
      this.#sockets.add(socket)
      let sent = 0
      const timer = setInterval(() => {
        const piece = posts.slice(sent, (sent += PIECE))
        if (piece.length === 0) clearInterval(timer)
        else socket.write(piece.map((post) => encodePost(post)).join(''))
      }, PAUSE_MS)
      socket.resume().on('error', () => undefined)
      socket.on('close', () => {
        clearInterval(timer)
        this.#sockets.delete(socket)
      })
    })
  }

  static async listen(posts: readonly Post[]): Promise<FeedRelay> {
    const relay = new FeedRelay(posts)
    await once(relay.#server.listen(0, '127.0.0.1'), 'listening')
    return relay
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  close(): void {
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
  }
}
