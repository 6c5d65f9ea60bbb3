import { mkdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, extname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build, transform, type BuildFailure, type Loader, type Plugin } from 'esbuild'
import { makeOwnFolder, removeLeftovers } from '../submit/own-folder.js'

/** A job as one file, in a folder of its own. */
export interface Bundle {
  readonly folder: string
  readonly file: string
  readonly bytes: Uint8Array
}

const LOADERS: Readonly<Record<string, Loader>> = {
  '.ts': 'ts',
  '.mts': 'ts',
  '.cts': 'ts',
  '.tsx': 'tsx',
  '.jsx': 'jsx',
}

/** What packages in CommonJS expect, which a module does not have. */
const BANNER = `import { createRequire as dstreamRequire } from 'node:module'
const require = dstreamRequire(import.meta.url)`

/**
 * Puts a job and everything that it imports into one file, so that the driver and its workers have the same functions, and one
 * copy of the library each. Each module keeps the `import.meta` that it had.
 *
 * @throws with the messages of esbuild for what cannot be bundled
 */
export async function bundleJob(job: string): Promise<Bundle> {
  const folder = bundleFolder(job)
  const file = join(folder, 'job.mjs')
  try {
    await build({
      entryPoints: [job],
      outfile: file,
      bundle: true,
      platform: 'node',
      format: 'esm',
      target: `node${process.versions.node}`,
      sourcemap: 'inline',
      sourcesContent: false,
      banner: { js: BANNER },
      logLevel: 'silent',
      plugins: [ownPlaces, leftOut],
    })
  } catch (error) {
    throw new Error(`${job} cannot be bundled: ${messagesOf(error)}`, { cause: error })
  }
  return { folder, file, bytes: readFileSync(file) }
}

/** Returns a new folder from which the packages of the job's project are found, where one can be made there. */
function bundleFolder(job: string): string {
  for (let folder = dirname(job); ; folder = dirname(folder)) {
    try {
      const cache = join(folder, 'node_modules', '.cache')
      readFileSync(join(folder, 'package.json'))
      mkdirSync(cache, { recursive: true })
      removeLeftovers(cache)
      return makeOwnFolder(cache)
    } catch {
      if (dirname(folder) === folder) break
    }
  }
  removeLeftovers(dirname(job))
  return makeOwnFolder(dirname(job))
}

/** Keeps for each module where it came from: a file read beside it, or a package required from it. */
const ownPlaces: Plugin = {
  name: 'own-places',
  setup({ onLoad }) {
    onLoad({ filter: /\.[cm]?[jt]sx?$/, namespace: 'file' }, async ({ path }) => {
      const text = readFileSync(path, 'utf8')
      const loader = LOADERS[extname(path)] ?? 'js'
      if (/\bimport\.meta\b/.test(text)) {
        const place = { url: pathToFileURL(path).href, filename: path, dirname: dirname(path) }
        const define = { 'import.meta': JSON.stringify(place) }
        const { code } = await transform(text, {
          loader,
          define,
          sourcefile: path,
          sourcemap: 'inline',
          target: 'esnext',
        })
        return { contents: code, loader: 'js' }
      }
      if (!/\b(__dirname|__filename|module\b(?!\s*\.exports))\b/.test(text)) return { contents: text, loader }
      const names = [
        ['__filename', path],
        ['__dirname', dirname(path)],
      ].filter(([name]) => text.includes(name!))
      const head = names.map(([name, value]) => `var ${name} = ${JSON.stringify(value)};`).join('')
      const own = /\bmodule\b/.test(text) && isCommonJS(path, text) ? `module.filename = ${JSON.stringify(path)};` : ''
      return { contents: `${isCommonJS(path, text) ? head : ''}${own}${text}`, loader }
    })
  },
}

function isCommonJS(path: string, text: string): boolean {
  return (
    /\.c[jt]s$/.test(path) ||
    (!/\.m[jt]s$/.test(path) && /\b(module|exports|require)\b/.test(text) && !/^\s*(import|export)\b/m.test(text))
  )
}

/** Leaves out optional packages that are not installed, and native add-ons: whoever needs one finds it as before. */
const leftOut: Plugin = {
  name: 'left-out',
  setup({ onResolve }) {
    onResolve({ filter: /\.node$/ }, ({ path, resolveDir }) => ({
      path: path.startsWith('.') ? join(resolveDir, path) : path,
      external: true,
    }))
    onResolve({ filter: /^[^./]/ }, ({ path, resolveDir, kind }) => {
      if (kind !== 'dynamic-import' && kind !== 'require-call') return undefined
      try {
        createRequire(join(resolveDir, 'any.js')).resolve(path)
        return undefined
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException
        return code === 'MODULE_NOT_FOUND' ? { path, external: true } : undefined
      }
    })
  },
}

function messagesOf(error: unknown): string {
  const { errors = [], message } = error as Partial<BuildFailure>
  const texts = errors.map(({ text, location }) => (location ? `${location.file}:${location.line}: ${text}` : text))
  return texts.length > 0 ? texts.join('; ') : String(message)
}
