/** The position in the user's program at which an operator was defined. Events and errors show it. */
export interface CallSite {
  /** The file and line, `stickers.js:12`, as in Spark's short form. */
  readonly short: string
  /** The user's part of the stack, one frame per line. */
  readonly long: string
}

const frameFile = /\(?((?:file:\/\/)?\/[^()]*?|[A-Za-z]:[\\/][^()]*?):(\d+):\d+\)?$/

function fileOf(frame: string): string | undefined {
  return frameFile.exec(frame.trim())?.[1]?.replace(/^file:\/\//, '')
}

/** The folder from which this library was loaded; stack frames in it are not the user's. */
const OWN_FOLDER = ((): string | undefined => {
  const self = fileOf((new Error().stack ?? '').split('\n')[1] ?? '')
  return self?.replace(/[\\/][^\\/]*$/, '').replace(/[\\/]streams[\\/]graph$/, '')
})()

function isOwn(file: string): boolean {
  return OWN_FOLDER !== undefined && file.startsWith(OWN_FOLDER) && !/\.(test|spec)\.[a-z]+$/.test(file)
}

/** Returns the position of the caller outside this library. */
export function callSite(): CallSite {
  const frames = (new Error().stack ?? '').split('\n').slice(1)
  const users = frames.filter((frame) => {
    const file = fileOf(frame)
    return file !== undefined && !isOwn(file)
  })
  const first = frameFile.exec(users[0]?.trim() ?? '')
  const file = first?.[1]?.split(/[\\/]/).at(-1)
  return {
    short: file === undefined ? 'unknown' : `${file}:${first?.[2] ?? '?'}`,
    long: users.map((frame) => frame.trim()).join('\n'),
  }
}
