// @ts-check
// A rehearsal of publishing: `npm run release:rehearse`. All packages go to a registry on loopback (verdaccio), are installed
// from it in an empty project, and the first program of README runs there as ESM, as CommonJS and as TypeScript. Nothing
// leaves the machine; packages of others come through the registry that npm is configured with.
import { execFile, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const root = fileURLToPath(new URL('..', import.meta.url))
// The jar of dstream-spark is built by Maven, which only the machines that publish need to have.
const hasJar = existsSync(join(root, 'packages/dstream-spark/dist/dstream-spark.jar'))
const packages = ['dstream', 'jvc-receiver', 'jvc-scraper', ...(hasJar ? ['dstream-spark'] : [])]
// Verdaccio has many dependencies of its own, and only this tool needs it: it is installed beside the caches, not with the project.
const VERDACCIO = 'verdaccio@6'
const home = join(root, 'node_modules/.cache/verdaccio')
const scratch = mkdtempSync(join(tmpdir(), 'dstream-rehearsal-'))
const execute = promisify(execFile)

/** @type {(() => void)[]} */
const cleanUps = [() => rmSync(scratch, { recursive: true, force: true })]
const cleanUp = () => {
  for (const f of cleanUps.splice(0).reverse()) f()
}
for (const [signal, code] of /** @type {const} */ ([
  ['SIGINT', 130],
  ['SIGTERM', 143],
])) {
  process.once(signal, () => {
    cleanUp()
    process.exit(code)
  })
}

const say = (/** @type {string} */ text) => console.log(`rehearsal: ${text}`)

/**
 * @param {string} what named in the error
 * @param {string} command
 * @param {string[]} args
 * @param {string} cwd
 */
const run = async (what, command, args, cwd) => {
  try {
    return (await execute(command, args, { cwd, maxBuffer: 64 << 20, env })).stdout
  } catch (error) {
    const { stdout = '', stderr = '' } = /** @type {{ stdout?: string, stderr?: string }} */ (error)
    throw new Error(`${what} failed: ${command} ${args.join(' ')}\n${stdout}${stderr}`, { cause: error })
  }
}

/** A port that is free now. */
const freePort = () =>
  new Promise((/** @type {(port: number) => void} */ resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = /** @type {import('node:net').AddressInfo} */ (server.address())
      server.close(() => resolve(address.port))
    })
  })

/** npm runs this file with its own settings in the environment; those of the workspace must not reach the empty project. */
const env = Object.fromEntries(
  Object.entries(process.env).filter(
    ([name]) => !/^npm_(config_(workspace|prefix|local|global)|package|lifecycle)/.test(name),
  ),
)

const upstream = async () => (await run('npm config', 'npm', ['config', 'get', 'registry'], root)).trim()

const installRegistry = async () => {
  const entry = join(home, 'node_modules/verdaccio/bin/verdaccio')
  if (existsSync(entry)) return entry
  say(`installing ${VERDACCIO} (once; kept in node_modules/.cache)`)
  mkdirSync(home, { recursive: true })
  // A dependency asks for node-fetch by a tag (cjs, its version 2) that not every mirror of the registry knows.
  writeFileSync(join(home, 'package.json'), JSON.stringify({ private: true, overrides: { 'node-fetch': '2' } }))
  await run('installing verdaccio', 'npm', ['install', VERDACCIO, '--ignore-scripts', '--no-audit', '--no-fund'], home)
  return entry
}

/** Starts the registry and resolves to its address once it answers. */
const startRegistry = async () => {
  const entry = await installRegistry()
  const port = await freePort()
  const own = packages.map((name) => `  '${name}': { access: $all, publish: $all, unpublish: $all }`)
  const config = [
    `storage: ${JSON.stringify(join(scratch, 'storage'))}`,
    `uplinks: { upstream: { url: ${JSON.stringify(await upstream())} } }`,
    'packages:',
    ...own,
    "  '**': { access: $all, proxy: upstream }",
    `auth: { htpasswd: { file: ${JSON.stringify(join(scratch, 'users'))}, max_users: -1 } }`,
    'log: { type: stdout, format: pretty, level: warn }',
  ]
  writeFileSync(join(scratch, 'verdaccio.yaml'), `${config.join('\n')}\n`)
  const registry = `http://127.0.0.1:${port}/`
  const child = spawn(
    process.execPath,
    [entry, '--config', join(scratch, 'verdaccio.yaml'), '--listen', `127.0.0.1:${port}`],
    {
      cwd: scratch,
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  cleanUps.push(() => void child.kill())
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk))
  const ended = new Promise((_, reject) =>
    child.once('exit', (code) => reject(new Error(`verdaccio ended with ${code}:\n${output}`))),
  )
  const answers = async () => {
    for (;;) {
      const ok = await fetch(`${registry}-/ping`).then(
        (response) => response.ok,
        () => false,
      )
      if (ok) return
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
  await Promise.race([answers(), ended])
  ended.catch(() => undefined)
  return registry
}

/** The first program of README, as it stands. */
const firstProgram = () => {
  const program = /```js\n([^]*?)```/.exec(readFileSync(join(root, 'README.md'), 'utf8'))?.[1]
  if (program === undefined) throw new Error('README.md has no program in it')
  return program
}

/** The same program in each form, with the port of a server that sends words. */
const formsOf = (/** @type {string} */ program, /** @type {number} */ port) => {
  const here = program.replace('9999', String(port))
  if (here === program) throw new Error('The first program of README reads no socket on port 9999 any more')
  const commonjs = here
    .replace(/^import (\{.*\}) from ('.*')/m, 'const $1 = require($2)')
    .replace('await StreamingContext.run(import.meta', 'StreamingContext.run(module')
  return { 'words.mjs': here, 'words.cjs': commonjs, 'words.mts': here }
}

/** Runs a program until it has printed the count of a word, then stops it as Ctrl-C does. */
const runUntilCounted = (/** @type {string} */ file, /** @type {string} */ project) =>
  new Promise((/** @type {(value: void) => void} */ resolve, reject) => {
    const child = spawn(process.execPath, [file], { cwd: project, stdio: ['ignore', 'pipe', 'pipe'], env })
    cleanUps.push(() => void child.kill('SIGKILL'))
    let output = ''
    let counted = false
    const read = (/** @type {Buffer} */ chunk) => {
      output += chunk
      if (counted || !/\(spark,\d+\)/.test(output)) return
      counted = true
      child.kill('SIGINT')
    }
    child.stdout.on('data', read)
    child.stderr.on('data', read)
    child.once('exit', (code) => {
      if (counted && code === 0) resolve()
      else reject(new Error(`${file} ended with ${code}${counted ? '' : ' before it had counted a word'}:\n${output}`))
    })
  })

const rehearse = async () => {
  const registry = await startRegistry()
  say(`registry at ${registry}`)
  const rc = join(scratch, '.npmrc')
  writeFileSync(rc, `registry=${registry}\n${registry.replace('http:', '')}:_authToken=rehearsal\n`)
  const npm = ['--userconfig', rc, '--registry', registry, '--no-audit', '--no-fund']
  for (const name of packages) {
    const { version } = JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8'))
    await run(`publishing ${name}`, 'npm', ['publish', join(root, 'packages', name), ...npm], scratch)
    say(`published ${name} ${version}`)
  }
  const project = join(scratch, 'project')
  mkdirSync(project)
  await run('npm init', 'npm', ['init', '-y'], project)
  await run('installing', 'npm', ['install', ...packages, 'typescript@5', '@types/node@20', ...npm], project)
  say('installed them in an empty project')
  const words = createServer((socket) => {
    socket.on('error', () => undefined)
    const timer = setInterval(() => socket.write('spark and dstream\n'), 50)
    socket.once('close', () => clearInterval(timer))
  })
  const port = await new Promise((/** @type {(port: number) => void} */ resolve) =>
    words.listen(0, '127.0.0.1', () => resolve(/** @type {import('node:net').AddressInfo} */ (words.address()).port)),
  )
  cleanUps.push(() => void words.close())
  for (const [file, text] of Object.entries(formsOf(firstProgram(), port))) {
    writeFileSync(join(project, file), text)
    let program = file
    if (file.endsWith('.mts')) {
      const options = ['--strict', '--exactOptionalPropertyTypes', '--module', 'nodenext', '--target', 'es2022']
      const tsc = join(project, 'node_modules/typescript/bin/tsc')
      await run('tsc', process.execPath, [tsc, ...options, '--types', 'node', '--outDir', 'out', file], project)
      program = 'out/words.mjs'
    }
    await runUntilCounted(program, project)
    say(`${file} counts words and ends on Ctrl-C`)
  }
  for (const command of ['dstream', 'jvc-scraper', ...(hasJar ? ['dstream-spark'] : [])]) {
    const help = await run(`${command} --help`, join(project, 'node_modules/.bin', command), ['--help'], project)
    if (!help.includes(command)) throw new Error(`${command} --help does not name itself:\n${help}`)
  }
  say('the commands answer --help')
}

try {
  await rehearse()
  say('everything that a release does has worked')
} catch (error) {
  console.error(`rehearsal: ${error instanceof Error ? error.message : error}`)
  process.exitCode = 1
} finally {
  cleanUp()
}
// Sockets of the stopped programs may still be closing.
process.exit()
