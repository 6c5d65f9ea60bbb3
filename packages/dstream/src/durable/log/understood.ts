import { messageOf } from '../../base/errors/error-text.js'
import { DamagedError } from '../../base/errors/storage.js'

/** Runs a function that decodes a frame. @throws `checkpoint-damaged` in place of any error of `read` */
export function understood<T>(file: string, offset: number, read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw new DamagedError(file, offset, messageOf(error))
  }
}
