import { describe, expect, test } from 'vitest'
import { DiskState } from '../../testing/simulated-disk/disk-state.js'
import { MemoryDisk, type DiskCall, type DiskFault } from '../../testing/simulated-disk/memory-disk.js'
import { rddFilesOn } from './rdd-files.js'

/** Each save has a path of its own: one that was cut keeps its path for ever. */
let saves = 0

type Order = (names: string[]) => string[]

/** A store that renames a folder file by file, each of which may be the last before a crash. */
class FileByFile extends MemoryDisk {
  readonly renamesAtOnce = false
  readonly #order: Order

  constructor(platter: DiskState, order: Order, fault: (call: DiskCall) => DiskFault | undefined, stop: () => void) {
    super(platter, fault, stop)
    this.#order = order
  }

  override async rename(from: string, to: string): Promise<void> {
    if (!this.platter.folders.has(from)) return super.rename(from, to)
    if (this.platter.folders.has(to)) throw Object.assign(new Error('EEXIST: simulated'), { syscall: 'rename' })
    await this.makeDir(to)
    for (const name of this.#order(await this.readDir(from))) await super.rename(`${from}/${name}`, `${to}/${name}`)
    await this.removeDir(from)
  }
}

const OLD = [['old'], ['old too'], ['old as well']]
const NEW = [['a', 'b'], [], ['c']]

/** Returns the parts of the directory, where a reader that waits for `_SUCCESS` takes it. */
function taken(platter: DiskState): string[] | undefined {
  const names = [...platter.files.keys()].filter((path) => path.startsWith('out/')).sort()
  if (names.shift() !== 'out/_SUCCESS') return undefined
  return names.map((name) => {
    const { data, size } = platter.files.get(name)!
    return Buffer.from(data.slice(0, size)).toString()
  })
}

function textOf(parts: string[][]): string[] {
  return parts.map((lines) => lines.map((line) => `${line}\n`).join(''))
}

describe.each<[string, Order]>([
  ['_SUCCESS first', (names) => names.sort()],
  ['_SUCCESS last', (names) => names.sort().reverse()],
])('on a store that renames a folder file by file, %s', (_, order) => {
  const save = async (platter: DiskState, parts: string[][], fault: (call: DiskCall) => DiskFault | undefined) => {
    let stop!: () => void
    const crashed = new Promise<void>((resolve) => (stop = resolve))
    const disk = new FileByFile(platter, order, fault, stop)
    const files = rddFilesOn(
      () => disk,
      () => disk,
    )
    const saving = files.saveParts(`sim://name-${saves++}/out`, async (folder) => {
      const names: string[] = []
      for (const part of parts) names.push(await folder.write('text', part))
      return names
    })!
    await Promise.race([saving, crashed])
  }
  const noFault = (): undefined => undefined
  const begun = async (before: string[][] | undefined): Promise<DiskState> => {
    const platter = new DiskState()
    if (before !== undefined) await save(platter, before, noFault)
    return platter
  }
  const befores: [string, string[][] | undefined][] = [
    ['nothing', undefined],
    ['another version', OLD],
    ['the same', NEW],
  ]

  /** Saves again and again, each time with a disturbance at another call, behind which the next save is good. */
  const atEachCall = async (
    before: string[][] | undefined,
    disturbed: (platter: DiskState, at: number, isWhole: (when: string) => void) => Promise<void>,
  ): Promise<void> => {
    const wholes = [textOf(NEW), before && textOf(before), undefined]
    const start = (await begun(before)).calls
    const end = await begun(before)
    await save(end, NEW, noFault)
    expect(end.calls - start).toBeGreaterThan(20)
    for (let at = start; at < end.calls; at++) {
      const platter = await begun(before)
      await disturbed(platter, at, (when) => expect(wholes, when).toContainEqual(taken(platter)))
      await save(platter, NEW, noFault)
      expect(taken(platter)).toEqual(textOf(NEW))
      expect([...platter.folders].sort()).toEqual(['', 'out'])
    }
  }

  test.each(befores)(
    'over %s: a reader that waits for _SUCCESS takes a whole, at each call and after each crash',
    async (_, before) => {
      await atEachCall(before, async (platter, at, isWhole) => {
        await save(platter, NEW, ({ index }) => {
          isWhole(`call ${index}`)
          return index === at ? { crash: 'before' } : undefined
        })
        platter.crash('kept', Math.random)
        isWhole(`crash at call ${at}`)
      })
    },
  )

  test.each(befores)(
    'over %s: a call that fails leaves a whole or none, and the next save is good',
    async (_, before) => {
      await atEachCall(before, async (platter, at, isWhole) => {
        await save(platter, NEW, ({ index }) => (index === at ? { error: 'EIO', written: 1 } : undefined)).catch(
          noFault,
        )
        isWhole(`call ${at} fails`)
      })
    },
  )
})
