import { readSync } from 'node:fs'
import { Worker } from 'node:worker_threads'

/**
 * Ends this process when its standard input ends, also while a function of the job does not return. The thread has to wait without
 * blocking: one that is in a system call would keep `process.exit` from ending.
 */
const WATCH = `const { Socket } = require('node:net')
const end = () => process.kill(process.pid, 'SIGKILL')
new Socket({ fd: 0 }).on('error', end).on('close', end).resume()`

/**
 * Reads the line by which the JVM that has started this process says where it listens, a port and a secret. From here on this process
 * ends with that JVM.
 */
export function introducedByParent(): readonly [port: number, secret: string] {
  const byte = Buffer.alloc(1)
  let line = ''
  while (readSync(0, byte) === 1 && byte.toString() !== '\n') line += byte.toString()
  const [port = '', secret = ''] = line.split(' ')
  new Worker(WATCH, { eval: true, stdin: false }).unref()
  return [Number(port), secret]
}
