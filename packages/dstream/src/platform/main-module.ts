import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runtimeHost } from './runtime-host.js'
import { taskWorkerFile } from './worker-threads.js'

// An import would load the streams of `fs` with it.
const { realpathSync, statSync } = process.getBuiltinModule('node:fs')

function realPath(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return path
  }
}

/**
 * Returns the path of a module from its `import.meta` (Node 20.11 and later have `filename`) or its CommonJS `module`.
 */
export function moduleFile(meta: { readonly url?: string; readonly filename?: string }): string | undefined {
  if (meta.url?.startsWith('file:') === true) return fileURLToPath(meta.url)
  return meta.filename
}

/**
 * Returns the file of the program that this process, or this worker thread, runs; `undefined` for code that is in no
 * file (`node -e`, standard input).
 */
export function programFile(argv = process.argv, env = process.env): string | undefined {
  const program = taskWorkerFile() ?? runtimeHost().program ?? argv[1]
  if (program === undefined || program === '-') return undefined
  // PM2 runs a script inside a container of its own and names the script in the environment.
  if (/^ProcessContainer(Fork)?\.js$/.test(basename(program)) && env['pm_exec_path'] !== undefined) {
    return realPath(env['pm_exec_path'])
  }
  return realPath(isDirectory(program) ? mainOf(program) : program)
}

/** Returns whether a module's file is the program itself. */
export function isProgram(file: string, program: string | undefined): boolean {
  if (program === undefined) return /^\[eval\d*\]$/.test(basename(file))
  const self = realPath(file)
  return program === self || program === self.replace(/\.[cm]?[jt]s$/, '')
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
}

/** Returns the main file of a package folder, for `node .`. */
function mainOf(folder: string): string {
  try {
    return process.getBuiltinModule('node:module').createRequire(`${folder}/`).resolve(realPath(folder))
  } catch {
    return folder
  }
}
