import { randomUUID } from 'node:crypto'

/** The first bytes of the frames of a file, as `PartFile` of the JVM part has them. */
const BEGIN = Uint8Array.of(0xf1)
const BYTES = Uint8Array.of(0xf2)
const END = Uint8Array.of(0xf3)
const ABANDON = Uint8Array.of(0xf4)

/**
 * Returns what hands a file to the executor piece by piece, which writes it before it passes the reply to the task on. Each file has a
 * name of its own, so that two runs of a task never write one.
 *
 * @param write sends a frame
 * @param drained resolves when more can be sent; `undefined` for at once
 */
export function partWriter(
  write: (...parts: readonly Uint8Array[]) => void,
  drained: () => Promise<unknown> | undefined,
): (folder: string, chunks: AsyncIterable<Uint8Array>) => Promise<string> {
  return async (folder, chunks) => {
    const name = randomUUID()
    write(BEGIN, Buffer.from(`${folder}/${name}`))
    try {
      for await (const chunk of chunks) {
        write(BYTES, chunk)
        await drained()
      }
    } catch (error) {
      write(ABANDON)
      throw error
    }
    write(END)
    return name
  }
}
