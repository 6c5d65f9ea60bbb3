import { main } from './main.js'

const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    // A second one does not wait for clients.
    if (stop.signal.aborted) process.exit(1)
    stop.abort()
  })
}

const { env, stdout, stderr } = process
process.exitCode = await main(process.argv.slice(2), { env, stdout, stderr, stop: stop.signal })
