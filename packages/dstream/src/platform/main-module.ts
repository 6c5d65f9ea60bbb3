import { realpathSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

function realPath(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return path
  }
}

/** The path of a module by its `import.meta` (Node 20.11 and later know `filename`) or its CommonJS `module`. */
export function moduleFile(meta: { readonly url?: string; readonly filename?: string }): string | undefined {
  if (meta.url?.startsWith('file:') === true) return fileURLToPath(meta.url)
  return meta.filename
}

/** Whether that file is the program that node was asked to run. */
export function isMainModule(file: string): boolean {
  const program = process.argv[1]
  if (program === undefined) return false
  const main = realPath(program)
  const self = realPath(file)
  return main === self || main === self.replace(/\.[cm]?js$/, '') || main === self.replace(/[\\/]index\.[cm]?js$/, '')
}
