// @ts-check
// What the three packages have in common when they are built: ESM and CJS with types for both, entries of one
// format sharing their chunks, a command line as ESM only.
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { defineConfig } from 'tsup'

/**
 * esbuild renames a class that speaks of itself: `var Time = class _Time`. Users would read the name in stacks and in what
 * `console.log` shows. Inside the class its own name means the same.
 */
const ownNames = {
  name: 'own-names',
  /** @param {string} code */
  renderChunk: (code) => ({
    code: [...code.matchAll(/^var (\w+) = class _\1\b/gm)].reduce(
      (text, [, name]) => text.replace(new RegExp(`(?<![\\w$.#])_${name}(?![\\w$])`, 'g'), String(name)),
      code,
    ),
  }),
}

/**
 * Makes one file of all that the main entry reaches. esbuild cuts a bundle by which entries reach a module, into some twenty files
 * that Node would load one by one: importing them takes a quarter longer. Where every entry reaches the main one, they are one.
 *
 * @param {string} main
 * @param {string[]} entries
 */
const oneFileOf = (main, entries) => ({
  name: 'one-file',
  /** @param {import('esbuild').PluginBuild} build */
  setup: (build) => {
    const first = `import ${JSON.stringify(resolve(main))}\n`
    const others = new Set(entries.filter((file) => file !== main).map((file) => resolve(file)))
    build.onLoad({ filter: /\.ts$/ }, ({ path }) =>
      others.has(path) ? { contents: `${first}${readFileSync(path, 'utf8')}`, loader: 'ts' } : undefined,
    )
  },
})

/** Puts the licences of packages whose code is part of the bundle beside it. @param {string[]} names */
const keepLicences = (names) => {
  const require = createRequire(join(process.cwd(), 'package.json'))
  mkdirSync('dist/licences', { recursive: true })
  for (const name of names) {
    const folder = dirname(require.resolve(name)).replace(/\/dist$/, '')
    copyFileSync(join(folder, 'LICENSE'), `dist/licences/${name}.txt`)
  }
}

/** One script and one style sheet, with all they need. @param {string} page */
const pageOf = (page) => ({
  entry: { 'page/page': page },
  format: /** @type {const} */ ('esm'),
  target: 'es2022',
  platform: /** @type {const} */ ('browser'),
  outExtension: () => ({ js: '.js' }),
  minify: true,
  splitting: false,
  noExternal: [/./],
  esbuildOptions: (/** @type {import('esbuild').BuildOptions} */ options) => {
    options.jsx = 'automatic'
    options.jsxImportSource = 'preact'
  },
})

/**
 * @param {{ entry: Record<string, string>, main?: string, cli?: string, page?: string, external?: (string | RegExp)[], bundled?: string[], paths: Record<string, string[]> }} options
 *   `entry` names the public entries, `main` the source of the one that all others need, `cli` the source of the command, `page` that of a page for browsers; `paths` is what the declarations read in place of
 *   tsconfig.json's: none means the built packages, as a user's compiler would. `bundled` names the packages of others that
 *   become part of the bundle; they are devDependencies.
 */
export const library = ({ entry, main, cli, page, external = [], bundled = [], paths }) => {
  const common = {
    target: /** @type {const} */ ('node20.19'),
    platform: /** @type {const} */ ('node'),
    external,
    splitting: true,
    plugins: [ownNames],
    noExternal: bundled,
  }
  const esmEntry = cli === undefined ? entry : { ...entry, cli }
  const esbuildPlugins = main === undefined ? [] : [oneFileOf(main, Object.values(esmEntry))]
  // The page holds all that it needs.
  const ofPage = page === undefined ? [] : ['preact', 'uplot']
  const onSuccess = async () => keepLicences([...bundled, ...ofPage])
  return defineConfig([
    { ...common, format: 'esm', entry: esmEntry, esbuildPlugins },
    // treeshake: shared CJS chunks come from rollup; tsup's other way to them rewrites every class field.
    { ...common, format: 'cjs', entry, treeshake: true, ...(bundled.length > 0 && { onSuccess }) },
    ...(page === undefined ? [] : [pageOf(page)]),
    { ...common, format: ['esm', 'cjs'], entry, dts: { only: true, compilerOptions: { paths } } },
  ])
}
