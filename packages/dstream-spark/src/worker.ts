// What an executor starts as `node --import dstream-worker.mjs job.mjs`. It is one file without imports of packages. The job
// that it is loaded before finds in it the line to the driver.
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { hostname } from 'node:os'
import { hostJob } from 'dstream/cluster'
import { fingerprint } from './job/fingerprint.js'
import { packFrame, unpackFrame } from './jvm/pack.js'
import { introducedByParent } from './jvm/parent.js'
import { partWriter } from './jvm/part-writer.js'
import { BlockReader, framed, FrameReader, framedWithBlocks, tableBytes } from './jvm/wire.js'

interface Frame {
  readonly type: string
  readonly functions?: Readonly<Record<string, string>>
}

function serve(): void {
  const [port, secret] = introducedByParent()
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  const write = (parts: readonly Uint8Array[]): void => {
    socket.cork()
    for (const part of parts) socket.write(part)
    socket.uncork()
  }
  let isKnown = false
  const hello = (about: Readonly<Record<string, string>>): void => {
    isKnown = true
    socket.write(tableBytes(about))
  }
  let handle = (_: unknown, __?: readonly Uint8Array[]): void => undefined
  const messages = new BlockReader((bytes, blocks) => {
    const frame = unpackFrame(bytes) as Frame
    if (frame.type === 'probe') write(framedWithBlocks(packFrame(probed()), []))
    else handle(frame, blocks)
  })
  const reader = new FrameReader((bytes) => messages.add(bytes))
  write(framed(secret))
  socket.on('data', (chunk: Buffer) => reader.add(chunk))
  socket.on('error', () => process.exit(1)).on('close', () => process.exit(1))

  process.on('uncaughtException', (error: unknown) => {
    console.error(error)
    if (!isKnown) hello({ error: String((error as Error | undefined)?.message ?? error) })
    socket.end(() => process.exit(1))
  })
  hostJob({
    program: process.env['DSTREAM_JOB_FILE'],
    workerEnd: {
      writePart: partWriter(
        (...parts) => write(framed(...parts)),
        () => (socket.writableNeedDrain ? once(socket, 'drain') : undefined),
      ),
      post(frame, _, left = []) {
        const { type, functions = {} } = frame as Frame
        if (type === 'ready') hello(fingerprint(readFileSync(process.argv[1]!), functions))
        else write(framedWithBlocks(packFrame(frame), left))
      },
      onFrame: (f) => void (handle = f),
    },
  })
}

function probed(): object {
  return { type: 'probed', node: process.versions.node, host: hostname(), pid: process.pid }
}

serve()
