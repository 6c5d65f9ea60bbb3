import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { typeScriptNotLoadable } from '../base/errors/context.js'

/**
 * Imports a module of a project. TypeScript is loaded by the project's own tsx, and by Node itself where there is none and
 * Node strips types.
 *
 * @throws `typescript-not-loadable` where neither is there
 */
export async function loadModule(file: string): Promise<void> {
  if (/\.[cm]?tsx?$/.test(file) && !(await registerTsx(file)) && !stripsTypes()) {
    throw typeScriptNotLoadable(process.versions.node)
  }
  // tsx loads the files that `.cts` requires only when it is required itself.
  if (file.endsWith('.cts')) createRequire(file)(file)
  else await import(pathToFileURL(file).href)
}

/** Node 22.18 and later strip types; earlier versions of Node 22 by an option. */
function stripsTypes(): boolean {
  return Boolean((process.features as { readonly typescript?: unknown }).typescript)
}

/** Lets tsx load all that is imported or required from now on, as `node --import tsx` does; false where there is none. */
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
