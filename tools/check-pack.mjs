// @ts-check
// Packs each package as npm would publish it and uses it as a stranger would: from ESM and from CJS, with types, its
// command line too. publint and attw look at the same tarballs.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'

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
  // node16: Node >= 20 reads `exports`; the resolution of Node 10 knows no sub-paths.
  run(`attw ${name}`, tool('attw'), [tarball, '--profile', 'node16', '--no-emoji'])
}

/** @param {string} dir @param {string[]} entries @param {'node16' | 'bundler'} resolution */
const checkTypes = (dir, entries, resolution) => {
  const imports = entries
    .map((entry, i) => `import * as m${i} from '${entry}'\nexport const n${i}: object = m${i}\n`)
    .join('')
  const requires = entries
    .map((entry, i) => `import m${i} = require('${entry}')\nexport const n${i}: object = m${i}\n`)
    .join('')
  const files = resolution === 'node16' ? { 'types.mts': imports, 'types.cts': requires } : { 'types.ts': imports }
  for (const [file, text] of Object.entries(files)) writeFileSync(join(dir, file), text)
  const compilerOptions = {
    target: 'ES2022',
    lib: ['ES2022'],
    module: resolution === 'node16' ? 'node16' : 'esnext',
    moduleResolution: resolution,
    strict: true,
    exactOptionalPropertyTypes: true,
    noEmit: true,
    // Once is enough to read every declaration, ours and those it leads to.
    skipLibCheck: resolution === 'bundler',
    typeRoots: [join(root, 'node_modules/@types')],
    types: ['node'],
  }
  const config = join(dir, `tsconfig.${resolution}.json`)
  writeFileSync(config, JSON.stringify({ compilerOptions, files: Object.keys(files) }))
  run(`types of ${entries.join(', ')} with moduleResolution ${resolution}`, tool('tsc'), ['-p', config], dir)
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

/** @param {string} title @param {string} dir @param {ReturnType<typeof pack>[]} packages */
const checkCommands = (title, dir, packages) => {
  for (const command of packages.flatMap(({ manifest }) => Object.keys(manifest['bin'] ?? {}))) {
    run(`${title}: ${command} --help`, join(dir, 'node_modules/.bin', command), ['--help'], dir)
  }
}

/** Ends a program as Ctrl-C would, once it prints its first batch. */
const endAtFirstBatch = `data:text/javascript,const { write } = process.stdout
process.stdout.write = function (text, ...more) {
  process.stdout.write = write
  process.kill(process.pid, 'SIGTERM')
  return write.call(this, text, ...more)
}`

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

try {
  const packages = ['dstream', 'jvc-receiver', 'jvc-scraper'].map(pack)
  for (const packed of packages) await lint(packed)

  const all = project('all three', packages)
  const entries = packages.flatMap((packed) => packed.entries)
  checkImports('all three', all, entries)
  checkTypes(all, entries, 'node16')
  checkTypes(all, entries, 'bundler')
  checkCommands('all three', all, packages)

  checkFirstProgram(project('a new project', packages.slice(0, 1)))

  const withoutEngine = packages.filter(({ name }) => name !== 'dstream')
  const alone = project('the scraper alone', withoutEngine)
  checkImports('the scraper alone', alone, ['jvc-receiver/feed', 'jvc-scraper', 'jvc-scraper/simulator'])
  checkCommands('the scraper alone', alone, withoutEngine)
  run(
    'the scraper alone brings no engine',
    process.execPath,
    ['-e', `process.exit(require('fs').existsSync('node_modules/dstream') ? 1 : 0)`],
    alone,
  )

  for (const { name, size } of packages) console.log(`${name}: ${Math.round(size / 1024)} KiB packed`)
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
