// @ts-check
// Packs each package as npm would publish it and uses it as a stranger would: from ESM and from CJS, with types, its
// command line too. What the engine promises is tried as well (pack-check/). publint and attw look at the same tarballs.
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { checkProcesses } from './pack-check/processes.mjs'
import { programs } from './pack-check/run.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const scratch = mkdtempSync(join(tmpdir(), 'dstream-pack-'))
const tool = (/** @type {string} */ name) => join(root, 'node_modules/.bin', name)
/** @type {string[]} */
const faults = []

/** @param {string} what @param {string} command @param {string[]} args @param {string} [cwd] */
const run = (what, command, args, cwd = root) => {
  try {
    return execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  } catch (error) {
    const { stdout = '', stderr = '' } = /** @type {{ stdout?: string, stderr?: string }} */ (error)
    faults.push(`${what}\n${stdout}${stderr}`)
    return ''
  }
}

const pack = (/** @type {string} */ name) => {
  const dir = join(root, 'packages', name)
  const out = run(`npm pack ${name}`, 'npm', ['pack', dir, '--json', '--silent', '--pack-destination', scratch])
  if (out === '') throw new Error(faults.pop())
  const [packed] = JSON.parse(out)
  /** @type {Record<string, any>} */
  const manifest = JSON.parse(readFileSync(join(dir, 'package.json'), 'utf8'))
  const entries = Object.keys(manifest['exports'])
    .filter((path) => path !== './package.json')
    .map((path) => name + path.slice(1))
  const stray = packed.files.filter(
    (/** @type {{ path: string }} */ file) => /\.test\.|\.tsx?$/.test(file.path) && !/\.d\.c?ts$/.test(file.path),
  )
  if (stray.length > 0) faults.push(`${name}: packs what no user needs: ${stray.map((/** @type {any} */ f) => f.path)}`)
  return { name, manifest, entries, tarball: join(scratch, packed.filename), size: packed.size }
}

/** @param {ReturnType<typeof pack>} packed */
const lint = async ({ name, manifest, tarball }) => {
  const bytes = readFileSync(tarball)
  const { messages } = await publint({
    pkgDir: 'package',
    strict: true,
    pack: { tarball: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) },
  })
  for (const message of messages) faults.push(`publint ${name}: ${formatMessage(message, manifest, { color: false })}`)
  run(`attw ${name}`, tool('attw'), [tarball, '--profile', 'strict', '--no-emoji'])
}

/** The way in which a user's compiler resolves modules, the files that it takes and whether the imports are CommonJS's. */
const RESOLUTIONS = /** @type {const} */ ([
  { resolution: 'node16', module: 'node16', extension: 'mts', form: 'import' },
  { resolution: 'node16', module: 'node16', extension: 'cts', form: 'require' },
  { resolution: 'bundler', module: 'esnext', extension: 'ts', form: 'import' },
  { resolution: 'node10', module: 'commonjs', extension: 'ts', form: 'require' },
])

/** Every public entry, imported. @param {string[]} entries @param {'import' | 'require'} form */
const allEntries = (entries, form) =>
  entries
    .map((entry, i) => (form === 'import' ? `import * as m${i} from '${entry}'` : `import m${i} = require('${entry}')`))
    .map((line, i) => `${line}\nexport const n${i}: object = m${i}\n`)
    .join('')

/** The type tests of the engine, against the package in place of the source. */
const typeTests = () => {
  const text = readFileSync(join(root, 'packages/dstream/test/types.test.ts'), 'utf8')
  const packed = text
    .replace("import { expect, expectTypeOf, test } from 'vitest'", "import { expectTypeOf } from 'expect-type'")
    .replace("'../src/index.js'", "'dstream'")
    // A file .mts or .cts may hold JSX, in which this would be a tag.
    .replace(/= <(\w+)>\(/g, '= <$1,>(')
  if (/vitest|\.\.\//.test(packed)) throw new Error('types.test.ts imports more than vitest and the engine')
  return `${packed}\ndeclare function test(name: string, f: () => unknown): void\ndeclare const expect: { unreachable(reason?: string): never }\n`
}

/** A program that the compiler refuses, and a word that its message has to contain. */
const REFUSALS = [
  ['declare const lines: DStream<string>', 'lines.map((line) => [line, 1]).reduceByKey((a) => a)', 'MapToPair'],
  ['declare const rdd: RDD<string>', 'rdd.map((line) => [line, 1]).groupByKey()', 'MapToPair'],
].map(([declared, program, word]) => ({
  text: `import type { DStream, RDD } from 'dstream'\n${declared}\n${program}\nexport type Used = [DStream<1>, RDD<1>]\n`,
  word: String(word),
}))

/** @param {string} dir @param {string[]} entries @param {(typeof RESOLUTIONS)[number]} way */
const checkTypes = (dir, entries, { resolution, module, extension, form }) => {
  const name = `${resolution}-${extension}`
  const compile = (/** @type {string} */ file, /** @type {string} */ text, /** @type {object} */ further = {}) => {
    const compilerOptions = {
      target: 'ES2022',
      lib: ['ES2023'],
      module,
      moduleResolution: resolution,
      strict: true,
      exactOptionalPropertyTypes: true,
      noEmit: true,
      // Once is enough to read every declaration, ours and those it leads to.
      skipLibCheck: resolution !== 'node16',
      ignoreDeprecations: '5.0',
      typeRoots: [join(root, 'node_modules/@types')],
      types: ['node'],
      paths: { 'expect-type': [join(root, 'node_modules/expect-type/dist/index.d.ts')] },
      ...further,
    }
    writeFileSync(join(dir, `${file}.${extension}`), text)
    const config = join(dir, `tsconfig.${name}.${file}.json`)
    writeFileSync(config, JSON.stringify({ compilerOptions, files: [`${file}.${extension}`] }))
    return ['-p', config]
  }
  const title = `with moduleResolution ${resolution} (.${extension})`
  const tsc = tool('tsc')
  run(`types of ${entries.join(', ')} ${title}`, tsc, compile('entries', allEntries(entries, form)), dir)
  run(`type tests ${title}`, tsc, compile('tests', typeTests(), { skipLibCheck: true }), dir)
  for (const [i, { text, word }] of REFUSALS.entries()) {
    const { status, stdout } = spawnSync(tsc, compile(`refused-${i}`, text, { skipLibCheck: true }), {
      cwd: dir,
      encoding: 'utf8',
    })
    if (status === 0) faults.push(`the compiler takes, ${title}:\n${text}`)
    else if (!stdout.includes(word))
      faults.push(`the compiler's message does not say ${word}, ${title}:\n${text}\n${stdout}`)
  }
}

/** An empty project with these packages in it. @param {string} title @param {ReturnType<typeof pack>[]} packages */
const project = (title, packages) => {
  const dir = mkdtempSync(join(scratch, 'project-'))
  writeFileSync(join(dir, 'package.json'), JSON.stringify({ name: 'empty', private: true }))
  const flags = ['--no-audit', '--no-fund', '--prefer-offline', '--ignore-scripts', '--silent']
  run(`${title}: npm install`, 'npm', ['install', ...flags, ...packages.map(({ tarball }) => tarball)], dir)
  return dir
}

/** @param {string} title @param {string} dir @param {string[]} entries */
const checkImports = (title, dir, entries) => {
  const count = `
if (Object.keys(m).filter((name) => name !== 'default').length === 0) throw new Error('exports nothing')
for (const [name, value] of Object.entries(m)) {
  if (/^[A-Z][a-z]/.test(name) && typeof value === 'function' && value.name !== name) throw new Error(value.name + ' is exported as ' + name)
}`
  for (const entry of entries) {
    writeFileSync(join(dir, 'load.mjs'), `import * as m from '${entry}'\n${count}\n`)
    writeFileSync(join(dir, 'load.cjs'), `const m = require('${entry}')\n${count}\n`)
    run(`${title}: import '${entry}'`, process.execPath, ['load.mjs'], dir)
    run(`${title}: require('${entry}')`, process.execPath, ['load.cjs'], dir)
  }
}

/** Nothing that an installation brings may run a script or hold a native add-on. @param {string} title @param {string} dir */
const checkPlain = (title, dir) => {
  /** @type {{ packages: Record<string, { hasInstallScript?: boolean }> }} */
  const lock = JSON.parse(readFileSync(join(dir, 'package-lock.json'), 'utf8'))
  const scripted = Object.keys(lock.packages).filter((path) => lock.packages[path]?.hasInstallScript === true)
  const native = readdirSync(join(dir, 'node_modules'), { recursive: true, encoding: 'utf8' }).filter((file) =>
    /\.node$|binding\.gyp$/.test(file),
  )
  if (scripted.length > 0) faults.push(`${title}: has an install script: ${scripted}`)
  if (native.length > 0) faults.push(`${title}: is a native add-on: ${native}`)
}

/** @param {string} title @param {string} dir @param {ReturnType<typeof pack>[]} packages */
const checkCommands = (title, dir, packages) => {
  for (const command of packages.flatMap(({ manifest }) => Object.keys(manifest['bin'] ?? {}))) {
    run(`${title}: ${command} --help`, join(dir, 'node_modules/.bin', command), ['--help'], dir)
  }
}

/** Ends a program as Ctrl-C would, once it prints its first batch. */
const endAtFirstBatch = `data:text/javascript,${encodeURIComponent(`const { write } = process.stdout
process.stdout.write = function (text, ...more) {
  process.stdout.write = write
  process.kill(process.pid, 'SIGTERM')
  return write.call(this, text, ...more)
}`)}`

/** The page of a job is loaded at once by every browser that looks. */
const PAGE_BYTES = 150 * 1024

/** @param {string} dir a project with the engine */
const checkPageSize = (dir) => {
  const folder = join(dir, 'node_modules/dstream/dist/page')
  const bytes = readdirSync(folder).reduce((sum, file) => sum + gzipSync(readFileSync(join(folder, file))).length, 0)
  if (bytes > PAGE_BYTES) faults.push(`the page has ${bytes} bytes gzipped, more than ${PAGE_BYTES}`)
  else console.log(`the page: ${Math.round(bytes / 1024)} KiB gzipped`)
}

/** Runs the first program of the README under the name that the README gives it, in what `npm init -y` makes, and as CommonJS. */
const checkFirstProgram = (/** @type {string} */ dir) => {
  run('npm init -y', 'npm', ['init', '-y', '--silent'], dir)
  const readme = readFileSync(join(root, 'README.md'), 'utf8')
  const program = /```js\n([^]*?)```/.exec(readme)?.[1] ?? ''
  const name = /`node (words\.\w+)`/.exec(readme)?.[1] ?? ''
  const commonJS = program
    .replace(
      "import { Seconds, StreamingContext } from 'dstream'",
      "const { Seconds, StreamingContext } = require('dstream')",
    )
    .replace('await StreamingContext.run(import.meta,', 'StreamingContext.run(module,')
  for (const [file, text] of Object.entries({ [name]: program, 'words.js': commonJS })) {
    writeFileSync(join(dir, file), text)
    const out = run(`node ${file}`, process.execPath, ['--import', endAtFirstBatch, file], dir)
    if (!out.includes('Time: ')) faults.push(`node ${file} printed ${JSON.stringify(out)}`)
  }
}

/** Runs the behaviours from an ES module and as CommonJS, then jobs as processes of their own. */
const checkBehaviours = (/** @type {string} */ dir) => {
  for (const [file, text] of Object.entries(programs)) {
    writeFileSync(join(dir, file), text)
    run(`behaviours (${file})`, process.execPath, [file], dir)
  }
  faults.push(...checkProcesses(dir))
}

/** The command of the cluster as a package, where its jar has been built. @param {ReturnType<typeof pack>} engine */
const checkSpark = async (engine) => {
  if (!existsSync(join(root, 'packages/dstream-spark/dist/dstream-spark.jar')) && !process.env['DSTREAM_CI']) {
    console.log(
      'dstream-spark is not packed: its jar is built by "npm run jar --workspace dstream-spark", with Maven and a JDK',
    )
    return undefined
  }
  const packed = pack('dstream-spark')
  const title = 'a project with dstream-spark'
  const dir = project(title, [engine, packed])
  checkCommands(title, dir, [packed])
  for (const file of ['dstream-spark.jar', 'dstream-worker.mjs', 'log4j2.properties']) {
    if (!existsSync(join(dir, 'node_modules/dstream-spark/dist', file))) faults.push(`${title}: ${file} is not packed`)
  }
  return packed
}

try {
  const packages = ['dstream', 'jvc-receiver', 'jvc-scraper'].map(pack)
  for (const packed of packages) await lint(packed)

  const all = project('all three', packages)
  checkPlain('all three', all)
  const entries = packages.flatMap((packed) => packed.entries)
  checkImports('all three', all, entries)
  for (const way of RESOLUTIONS) checkTypes(all, entries, way)
  checkCommands('all three', all, packages)
  checkPageSize(all)

  const alone = packages.slice(0, 1)
  checkFirstProgram(project('a new project', alone))
  checkBehaviours(project('a project with the engine', alone))

  const withoutEngine = packages.filter(({ name }) => name !== 'dstream')
  const scraper = project('the scraper alone', withoutEngine)
  checkImports('the scraper alone', scraper, ['jvc-receiver/feed', 'jvc-scraper', 'jvc-scraper/simulator'])
  checkCommands('the scraper alone', scraper, withoutEngine)
  run(
    'the scraper alone brings no engine',
    process.execPath,
    ['-e', `process.exit(require('fs').existsSync('node_modules/dstream') ? 1 : 0)`],
    scraper,
  )

  const spark = await checkSpark(/** @type {ReturnType<typeof pack>} */ (packages[0]))
  for (const { name, size } of [...packages, ...(spark ? [spark] : [])])
    console.log(`${name}: ${Math.round(size / 1024)} KiB packed`)
} finally {
  rmSync(scratch, { recursive: true, force: true })
}

if (faults.length > 0) {
  for (const fault of faults) console.error(`✗ ${fault}`)
  console.error(`pack check: ${faults.length} faults`)
  process.exitCode = 1
} else {
  console.log('pack check: nothing found')
}
