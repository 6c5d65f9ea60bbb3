// What an executor starts as `node --import dstream-worker.mjs job.mjs`. It is one file without imports of packages. The job
// that it is loaded before finds in it the line to the driver.
import { readFileSync, readSync } from 'node:fs'
import { connect } from 'node:net'
import { hostname } from 'node:os'
import { Worker } from 'node:worker_threads'
import { hostJob } from 'dstream/cluster'
import { fingerprint } from './fingerprint.js'
import { packFrame, unpackFrame } from './pack.js'
import { framed, FrameReader, tableBytes } from './wire.js'

interface Frame {
  readonly type: string
  readonly functions?: Readonly<Record<string, string>>
}

/**
 * Ends this process when its standard input ends, also while a function of the job does not return. The thread has to wait without
 * blocking: one that is in a system call would keep `process.exit` from ending.
 */
const WATCH = `const { Socket } = require('node:net')
const end = () => process.kill(process.pid, 'SIGKILL')
new Socket({ fd: 0 }).on('error', end).on('close', end).resume()`

/** Reads the line by which the executor says where it listens: a port and a secret. */
function introduction(): readonly [port: number, secret: string] {
  const byte = Buffer.alloc(1)
  let line = ''
  while (readSync(0, byte) === 1 && byte.toString() !== '\n') line += byte.toString()
  const [port = '', secret = ''] = line.split(' ')
  return [Number(port), secret]
}

function serve(): void {
  const [port, secret] = introduction()
  new Worker(WATCH, { eval: true, stdin: false }).unref()
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  const write = (bytes: Uint8Array): void => {
    socket.cork()
    for (const part of framed(bytes)) socket.write(part)
    socket.uncork()
  }
  let isKnown = false
  const hello = (about: Readonly<Record<string, string>>): void => {
    isKnown = true
    socket.write(tableBytes(about))
  }
  let handle = (_: unknown): void => undefined
  const reader = new FrameReader((bytes) => {
    const frame = unpackFrame(bytes) as Frame
    if (frame.type === 'probe') write(packFrame(probed()))
    else handle(frame)
  })
  write(Buffer.from(secret))
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
      post(frame) {
        const { type, functions = {} } = frame as Frame
        if (type === 'ready') hello(fingerprint(readFileSync(process.argv[1]!), functions))
        else write(packFrame(frame))
      },
      onFrame: (f) => void (handle = f),
    },
  })
}

function probed(): object {
  return { type: 'probed', node: process.versions.node, host: hostname(), pid: process.pid }
}

serve()
