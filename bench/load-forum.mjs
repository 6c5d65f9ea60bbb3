// The invented forum in a process of its own, so that the memory of the scraper is the scraper's. Tells its addresses over
// IPC.
import { startSimulator } from 'jvc-scraper/simulator'

const { url, forumUrl } = await startSimulator({ rate: 100, topics: 60, seed: 5 })
process.send({ url, forumUrl })
process.on('disconnect', () => process.exit(0))
