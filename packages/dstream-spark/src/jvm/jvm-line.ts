import { timingSafeEqual } from 'node:crypto'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import type { BlockStage } from 'dstream/cluster'
import { framed, FrameReader, lengthOf, tableBytes, tableOf } from './wire.js'

/** The types of frames, as `DriverLine` of the JVM part has them. */
const TYPES = {
  open: 'O',
  stage: 'S',
  leavingStage: 'L',
  overBlocks: 'M',
  fetch: 'G',
  forget: 'D',
  cancel: 'C',
  file: 'F',
  hello: 'H',
  reply: 'R',
  ended: 'E',
  stop: 'T',
} as const

/** A stage over blocks that another one has left, as `LeftBlocks` of the JVM part reads it: with the number of that stage. */
export type StageOverBlocks = Pick<BlockStage, 'left' | 'added' | 'buckets'> & PlacedTasks & { readonly from: number }

/** Tasks as bytes, with the names of what they belong to; empty for none. */
export interface PlacedTasks {
  readonly tasks: readonly Uint8Array[]
  readonly places: readonly string[]
}

export interface JvmEvents {
  hello(about: Readonly<Record<string, string>>): void
  reply(stage: number, partition: number, frame: Buffer): void
  ended(stage: number, failure: string): void
  fileDone(call: number, status: number, result: Buffer): void
  /** The job is to stop. */
  stop(): void
  closed(): void
}

/** The line to the JVM part on loopback. */
export class JvmLine {
  readonly #server: Server | undefined
  readonly #events: JvmEvents
  #socket: Socket | undefined

  private constructor(events: JvmEvents, server?: Server) {
    this.#server = server
    this.#events = events
  }

  /** Listens at a port at which one JVM with the right secret is expected. */
  static async listen(secret: string, events: JvmEvents): Promise<JvmLine> {
    const server = createServer({ noDelay: true })
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve))
    const line = new JvmLine(events, server)
    server.on('connection', (socket) => line.#connected(socket, Buffer.from(secret)))
    return line
  }

  /** Connects to a JVM that expects this process. */
  static async connect(port: number, secret: string, events: JvmEvents): Promise<JvmLine> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    await new Promise<void>((resolve, reject) => socket.once('error', reject).once('connect', resolve))
    const line = new JvmLine(events)
    line.#socket = socket
    line.#write(framed(secret))
    const reader = new FrameReader((frame) => line.#received(frame))
    socket.on('data', (chunk: Buffer) => reader.add(chunk))
    socket.on('error', () => undefined)
    socket.on('close', () => events.closed())
    return line
  }

  /** The port of a line that listens. */
  get port(): number {
    return (this.#server!.address() as AddressInfo).port
  }

  open(settings: Readonly<Record<string, string>>): void {
    this.#write([Buffer.from(TYPES.open), tableBytes(settings)])
  }

  /** @param leaves whether its tasks may leave blocks */
  stage(stage: number, tasks: PlacedTasks, leaves: boolean): void {
    this.#write([Buffer.from(leaves ? TYPES.leavingStage : TYPES.stage), lengthOf(stage), ...placed(tasks)])
  }

  overBlocks(stage: number, { from, left, added, buckets, ...tasks }: StageOverBlocks): void {
    this.#write([
      Buffer.from(TYPES.overBlocks),
      ...[stage, from, left.length].map(lengthOf),
      ...left.flatMap(({ task, order }) => [lengthOf(task), lengthOf(order)]),
      lengthOf(added.length),
      ...added.flatMap(({ order, bucket, block }) => [lengthOf(bucket), lengthOf(order), ...framed(block)]),
      ...[buckets.length, ...buckets].map(lengthOf),
      ...placed(tasks),
    ])
  }

  fetch(stage: number, from: number, tasks: readonly number[]): void {
    this.#write([Buffer.from(TYPES.fetch), ...[stage, from, tasks.length, ...tasks].map(lengthOf)])
  }

  /** Removes what the tasks of a stage have left. */
  forget(stage: number): void {
    this.#write([Buffer.from(TYPES.forget), lengthOf(stage)])
  }

  cancel(stage: number): void {
    this.#write([Buffer.from(TYPES.cancel), lengthOf(stage)])
  }

  /** Begins a call of `FileCalls` of the JVM part. */
  file(call: number, operation: string, uri: string, bytes: Uint8Array): void {
    this.#write([Buffer.from(TYPES.file), lengthOf(call), Buffer.from(operation), ...framed(uri), ...framed(bytes)])
  }

  /** Whether the process stays alive for this line. */
  keepAlive(keeps: boolean): void {
    if (keeps) this.#socket?.ref()
    else this.#socket?.unref()
  }

  /** Closes the line, which ends the JVM. */
  close(): void {
    this.#server?.close()
    this.#socket?.destroy()
  }

  #write(parts: readonly Uint8Array[]): void {
    const socket = this.#socket
    if (socket === undefined) return
    socket.cork()
    for (const part of parts) socket.write(part)
    socket.uncork()
  }

  #connected(socket: Socket, secret: Buffer): void {
    let isKnown = false
    const reader = new FrameReader((frame) => {
      if (isKnown) return this.#received(frame)
      isKnown = this.#socket === undefined && frame.length === secret.length && timingSafeEqual(frame, secret)
      if (!isKnown) return void socket.destroy()
      this.#socket = socket
      this.#server!.close()
    })
    socket.on('data', (chunk: Buffer) => reader.add(chunk))
    socket.on('error', () => undefined)
    socket.on('close', () => isKnown && this.#events.closed())
  }

  #received(frame: Buffer): void {
    const type = String.fromCharCode(frame[0]!)
    if (type === TYPES.hello) this.#events.hello(tableOf(frame.subarray(1)))
    else if (type === TYPES.reply) this.#events.reply(frame.readInt32BE(1), frame.readInt32BE(5), frame.subarray(9))
    else if (type === TYPES.file) this.#events.fileDone(frame.readInt32BE(1), frame[5]!, frame.subarray(6))
    else if (type === TYPES.stop) this.#events.stop()
    else this.#events.ended(frame.readInt32BE(1), frame.toString('utf8', 5))
  }
}

/** Returns tasks as `Main` of the JVM part reads them. */
function placed({ tasks, places }: PlacedTasks): readonly Uint8Array[] {
  return [lengthOf(tasks.length), ...tasks.flatMap((task, t) => [...framed(places[t]!), ...framed(task)])]
}
