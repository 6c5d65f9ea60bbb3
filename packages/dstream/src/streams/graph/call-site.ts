/** Where in the user's program an operator was defined: `jobs/stickers.js:12`. Named by plans, events and errors. */
export interface CallSite {
  /** `print at stickers.js:12`, as Spark's short form, without the operator's name. */
  readonly short: string
  /** The user's part of the stack, one frame a line. */
  readonly long: string
}

const frameFile = /\(?((?:file:\/\/)?\/[^()]*?|[A-Za-z]:[\\/][^()]*?):(\d+):\d+\)?$/

function fileOf(frame: string): string | undefined {
  return frameFile.exec(frame.trim())?.[1]?.replace(/^file:\/\//, '')
}

/** The folder this library was loaded from, so that its own frames can be told from the user's. */
const OWN_FOLDER = ((): string | undefined => {
  const self = fileOf((new Error().stack ?? '').split('\n')[1] ?? '')
  return self?.replace(/[\\/][^\\/]*$/, '').replace(/[\\/]streams[\\/]graph$/, '')
})()

function isOwn(file: string): boolean {
  return OWN_FOLDER !== undefined && file.startsWith(OWN_FOLDER) && !/\.(test|spec)\.[a-z]+$/.test(file)
}

/** The first frames that are not this library's. */
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
