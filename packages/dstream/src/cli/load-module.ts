import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { typeScriptNotLoadable } from '../base/errors/context.js'

/**
 * Imports a module of a project. TypeScript is loaded by the project's own tsx, or by Node itself where there is no tsx
 * and Node strips types.
 *
 * @throws `typescript-not-loadable` where neither can load it
 */
export async function loadModule(file: string): Promise<void> {
  if (/\.[cm]?tsx?$/.test(file) && !(await registerTsx(file)) && !stripsTypes()) {
    throw typeScriptNotLoadable(process.versions.node)
  }
  // tsx loads the files that a `.cts` file requires only if that file is itself required.
  if (file.endsWith('.cts')) createRequire(file)(file)
  else await import(pathToFileURL(file).href)
}

/** Returns whether Node strips types: versions from 22.18 on do, earlier ones of Node 22 by an option. */
function stripsTypes(): boolean {
  return Boolean((process.features as { readonly typescript?: unknown }).typescript)
}

/**
 * Makes tsx load all later imports and requires, as `node --import tsx` does. Resolves to false where there is no tsx.
 */
async function registerTsx(file: string): Promise<boolean> {
  let tsx: string
  try {
    tsx = createRequire(file).resolve('tsx')
  } catch {
    return false
  }
  await import(pathToFileURL(tsx).href)
  return true
}
