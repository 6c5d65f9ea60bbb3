import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { configDefaults, defineConfig } from 'vitest/config'

const source = (path: string) => fileURLToPath(new URL(`./packages/${path}`, import.meta.url))

// Tests run on source, never on dist: the same names as the `paths` of tsconfig.json.
const alias = [
  { find: /^dstream$/, replacement: source('dstream/src/index.ts') },
  { find: /^dstream\/testing$/, replacement: source('dstream/src/testing/index.ts') },
  { find: /^dstream\/storage$/, replacement: source('dstream/src/storage.ts') },
  { find: /^dstream\/cluster$/, replacement: source('dstream/src/platform/cluster.ts') },
  { find: /^dstream\/sinks$/, replacement: source('dstream/src/output/files/index.ts') },
  { find: /^dstream\/csv$/, replacement: source('dstream/src/connectors/formats/csv/index.ts') },
  { find: /^dstream\/parquet$/, replacement: source('dstream/src/connectors/formats/parquet/index.ts') },
  { find: /^dstream\/redis$/, replacement: source('dstream/src/connectors/redis/index.ts') },
  { find: /^dstream\/postgres$/, replacement: source('dstream/src/connectors/postgres/index.ts') },
  { find: /^dstream\/sqlite$/, replacement: source('dstream/src/connectors/sqlite/index.ts') },
  { find: /^dstream\/kafka$/, replacement: source('dstream/src/connectors/kafka/index.ts') },
  { find: /^dstream\/http$/, replacement: source('dstream/src/connectors/http/index.ts') },
  { find: /^dstream\/ui$/, replacement: source('dstream/src/ui/index.ts') },
  { find: /^jvc-receiver$/, replacement: source('jvc-receiver/src/index.ts') },
  { find: /^jvc-receiver\/feed$/, replacement: source('jvc-receiver/src/feed/index.ts') },
  { find: /^jvc-scraper$/, replacement: source('jvc-scraper/src/index.ts') },
  { find: /^jvc-scraper\/simulator$/, replacement: source('jvc-scraper/src/simulator/index.ts') },
]

const long = ['**/*.long.test.ts']
const exclude = [...configDefaults.exclude, '**/dist/**']
const around = ['{packages/jvc-*,packages/dstream-spark,examples,test,bench,tools}/**/*.test.ts']
/** They need Java, Spark and the jar: `npm run test:spark` runs them. */
const onSpark = ['packages/dstream-spark/test/**/*.spark.test.ts']
/** `LONG=1 npm run test:spark` runs these alone. */
const longOnSpark = ['packages/dstream-spark/test/**/*.long.spark.test.ts']
/** With LONG it has a hundred runs. */
const randomKills = 'packages/dstream-spark/test/random-kills.spark.test.ts'
const engine = ['packages/dstream/{src,test}/**/*.test.ts']

/** Tests of the engine that need a process of their own. */
const alone = [
  // They measure the memory of the process.
  'packages/dstream/src/base/keys/detach.test.ts',
  'packages/dstream/src/streams/operators/internal/moving-window.test.ts',
  'packages/dstream/test/{kept-streams,replay-and-slide}.test.ts',
  // They look at what a process or a package has once: the active context, the crash points, classes, timers, signals.
  'packages/dstream/src/{api,connectors,platform}/**/*.test.ts',
  'packages/dstream/src/base/time/*.test.ts',
  'packages/dstream/src/durable/checkpoint/{checkpoint,get-or-create}.test.ts',
  'packages/dstream/src/testing/fake-timers.test.ts',
  'packages/dstream/test/{cli,job-process,other-realm,threads-process,two-copies}.test.ts',
]

// `npm run test:long` sets LONG and runs the long tests alone.
export default defineConfig({
  resolve: { alias },
  test: {
    // Guards against tests that hang, far above what the longest takes on a busy machine.
    testTimeout: process.env['LONG'] ? 1_800_000 : 180_000,
    hookTimeout: 180_000,
    // Many tests wait for servers and programs of their own, so that one worker a core would leave cores idle.
    maxWorkers: availableParallelism() + 1,
    // `npm run coverage`. A program that a test starts in a process of its own runs from dist and is not counted.
    coverage: {
      provider: 'v8',
      include: ['packages/*/src/**/*.ts'],
      exclude: ['**/*.test.ts', '**/*.arbitrary.ts'],
      reporter: ['text-summary', 'html'],
    },
    projects: process.env['SPARK_TESTS']
      ? [
          {
            extends: true,
            test: {
              name: 'spark',
              include: process.env['LONG'] ? [...longOnSpark, randomKills] : onSpark,
              exclude: process.env['LONG'] ? exclude : [...exclude, ...longOnSpark],
              testTimeout: 600_000,
            },
          },
        ]
      : process.env['LONG']
        ? [{ extends: true, test: { name: 'long', include: long, exclude } }]
        : [
            // One process runs many files, and loads the engine once for all of them.
            {
              extends: true,
              test: { name: 'unit', include: engine, exclude: [...exclude, ...long, ...alone], isolate: false },
            },
            // Each file has a process of its own.
            {
              extends: true,
              test: { name: 'process', include: [...alone, ...around], exclude: [...exclude, ...long, ...onSpark] },
            },
            {
              // Where eval is forbidden the generated loops give way to the plain interpreter, with the same results.
              extends: true,
              test: {
                name: 'no-codegen',
                include: ['packages/dstream/{src/rdd,src/streams/operators,test/random-graphs}/**/*.test.ts'],
                exclude: [...exclude, ...long, ...alone],
                execArgv: ['--disallow-code-generation-from-strings'],
                isolate: false,
              },
            },
          ],
  },
})
