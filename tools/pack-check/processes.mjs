// Jobs as processes of their own, in an empty project that has the package: how they start, and how they end.
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const tool = (/** @type {string} */ name) => fileURLToPath(new URL(`../../node_modules/.bin/${name}`, import.meta.url))

/** A job that ends by itself after some batches. @param {string} define @param {'mjs' | 'cjs'} form */
const job = (define, form) => {
  const body = `{ batchInterval: Milliseconds(20) }, (ssc) => {
  ${define}
  let batches = 0
  ssc.on('batchCompleted', () => ++batches === 5 && void ssc.stop())
})`
  return form === 'mjs'
    ? `import { Milliseconds, StreamingContext } from 'dstream'\nawait StreamingContext.run(import.meta, ${body}\n`
    : `const { Milliseconds, StreamingContext } = require('dstream')\nStreamingContext.run(module, ${body}\n`
}

const printed = 'ssc.rateStream(100).print()'
// A timer that keeps no process alive: it runs only in one that something else keeps.
const endless = 'ssc.rateStream(1).foreachRDD(() => new Promise(() => setTimeout(() => process.exit(42), 100).unref()))'

/**
 * @typedef {{ name: string, files: Record<string, string>, command: string, status: number, out: RegExp, err: RegExp }} Process
 * @param {'mjs' | 'cjs'} form
 * @returns {Process[]}
 */
const processes = (form) => {
  const load = form === 'mjs' ? "import './job.mjs'\n" : "require('./job.cjs')\n"
  const worker = form === 'mjs' ? "import { Worker } from 'node:worker_threads'" : "const { Worker } = require('node:worker_threads')" // prettier-ignore
  const file = `job.${form}`
  const files = { [file]: job(printed, form) }
  return [
    { name: 'node job', files, command: `node ${file}`, status: 0, out: /Time: /, err: /^$/ },
    {
      name: 'node .',
      files: { ...files, 'package.json': JSON.stringify({ name: 'empty', private: true, main: file }) },
      command: 'node .',
      status: 0,
      out: /Time: /,
      err: /^$/,
    },
    {
      name: 'a main file that imports the job',
      files: { ...files, [`main.${form}`]: load },
      command: `node main.${form}`,
      status: 0,
      out: /^$/,
      err: /^dstream info: .*is defined and not started, since the program is .*main\.[mc]js.*\n$/,
    },
    {
      name: 'a bundle',
      files,
      command: `${tool('esbuild')} ${file} --bundle --minify --platform=node --format=${form === 'mjs' ? 'esm' : 'cjs'} --log-level=error --outfile=bundle.${form} && node bundle.${form}`,
      status: 0,
      out: /Time: /,
      err: /^$/,
    },
    {
      name: 'tsx',
      files: { [file.replace('js', 'ts')]: job(printed, form) },
      command: `${tool('tsx')} ${file.replace('js', 'ts')}`,
      status: 0,
      out: /Time: /,
      err: /^$/,
    },
    {
      name: 'a worker that runs the job',
      files: { ...files, [`main.${form}`]: `${worker}\nnew Worker('./${file}')\n` },
      command: `node main.${form}`,
      status: 0,
      out: /Time: /,
      err: /^$/,
    },
    {
      name: 'a reader that goes away',
      files,
      command: `(node ${file}; echo "ended with $?" >&2) | head -1`,
      status: 0,
      out: /^-+\n$/,
      err: /^(dstream warn: print: the output is closed \(EPIPE\).*\n)?ended with 0\n$/,
    },
    {
      name: 'an output that awaits for ever',
      files: { [file]: job(endless, form) },
      command: `node ${file}`,
      status: 42,
      out: /^$/,
      err: /^$/,
    },
  ]
}

/** Runs all of them. @param {string} dir the project @returns {string[]} what was found to be wrong */
export const checkProcesses = (dir) =>
  /** @type {const} */ (['mjs', 'cjs']).flatMap((form) =>
    processes(form).flatMap(({ name, files, command, status, out, err }) => {
      for (const [file, text] of Object.entries(files)) writeFileSync(join(dir, file), text)
      const { stdout, stderr, ...ended } = spawnSync('sh', ['-c', command], { cwd: dir, encoding: 'utf8', timeout: 60_000 }) // prettier-ignore
      const isRight = ended.status === status && out.test(stdout) && err.test(stderr)
      return isRight ? [] : [`${name} (${command}) ended with ${ended.status}\n${stdout}${stderr}`]
    }),
  )
