import { readdirSync, readFileSync } from 'node:fs'

// Words of the command lines of a job's processes. That of the JVM names the file of the worker too.
export const WORKER = '--enable-source-maps'
export const EXECUTOR = 'CoarseGrainedExecutorBackend'
export const JVM = 'dstream.spark.Main'
// The JVM that starts it names the file with others, joined by commas.
export const DRIVER = 'dstream-driver.mjs\0'

/** Returns the running processes below one of ours whose command line has a word, from /proc. */
export function descendants(pid: number, word: string): number[] {
  const parents = new Map<number, number>()
  const commands = new Map<number, string>()
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8')
      parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]))
      commands.set(Number(name), readFileSync(`/proc/${name}/cmdline`, 'utf8'))
    } catch {
      // It has ended meanwhile.
    }
  }
  const isBelow = (of: number): boolean => of === pid || (parents.has(of) && of > 1 && isBelow(parents.get(of)!))
  return [...commands].filter(([of, text]) => of !== pid && text.includes(word) && isBelow(of)).map(([of]) => of)
}
