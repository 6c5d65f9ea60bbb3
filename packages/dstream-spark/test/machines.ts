import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, symlinkSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

/** Makes in a folder a PATH with all programs of this machine but Node. */
export function pathWithoutNode(folder: string): string {
  const path = join(folder, 'bin')
  mkdirSync(path)
  for (const from of process.env['PATH']!.split(':')) {
    for (const name of namesIn(from)) {
      if (/^node/.test(name)) continue
      try {
        symlinkSync(join(from, name), join(path, name))
      } catch {
        // An earlier folder of the PATH has it.
      }
    }
  }
  return path
}

function namesIn(path: string): string[] {
  try {
    return readdirSync(path)
  } catch {
    return []
  }
}

/** Packs the running Node as the archives of nodejs.org do. */
export function nodeArchive(folder: string): string {
  const file = join(folder, 'node.tar.gz')
  const bin = dirname(process.execPath)
  const into = `s,^,node-${process.version}-linux-x64/bin/,`
  execFileSync('tar', ['-chf', file, '-I', 'gzip -1', '--transform', into, '-C', bin, basename(process.execPath)])
  return file
}
