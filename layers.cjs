// The layers of packages/dstream/src: the one list of edges that dependency-cruiser, ESLint and ARCHITECTURE.md speak of.
// Each folder names the folders that it may import; every other import is refused. To add an edge is a design decision:
// the commit says why.

/** Folder → the folders and files it may import, beside itself. A name stands for all that lies below it. */
const layers = {
  // Values and words that know no engine.
  'base/text': ['base/built-ins'],
  'base/errors': ['base/built-ins', 'base/text'],
  'base/time': ['base/errors', 'base/text'],
  'base/lines': ['base/errors', 'base/values/bytes', 'base/codec', 'base/options'],
  'base/values': ['base/built-ins', 'base/errors', 'base/time', 'base/promises'],
  base: ['base/text', 'base/errors', 'base/time', 'base/values'],
  'base/keys': ['base/built-ins', 'base/errors', 'base/time', 'base/options', 'base/values/immutable'],

  // What survives the process.
  'durable/log': ['base'],
  'durable/blocks': ['base'],
  'durable/codec': ['base'],
  'durable/journal': ['base', 'durable/log', 'durable/blocks', 'durable/codec'],
  'durable/storage': ['base'],
  // A storage on an object store keeps the names of files and the sums of logs.
  'durable/objects': ['base', 'durable/log', 'durable/storage'],
  'durable/checkpoint': ['base', 'durable/log', 'durable/blocks', 'durable/codec', 'durable/journal'],

  observe: ['base'],

  // One batch of data.
  'rdd/plan': ['base'],
  'rdd/execution': ['base', 'rdd/plan'],
  // The stages of a plan: what one partition of a map side needs, here or elsewhere.
  'rdd/stages': ['base', 'rdd/plan', 'rdd/execution'],
  'rdd/transformations': ['base', 'rdd/plan', 'rdd/execution', 'rdd/stages'],
  'rdd/actions': ['base', 'rdd/plan', 'rdd/execution', 'rdd/transformations'],
  rdd: ['base', 'rdd/plan', 'rdd/execution', 'rdd/stages', 'rdd/transformations', 'rdd/actions'],

  // Batches over time.
  'streams/state': ['base'],
  'streams/graph': ['base', 'rdd', 'streams/state'],
  'streams/operators': ['base', 'rdd', 'streams/state', 'streams/graph'],

  // From outside into batches, from batches to the outside.
  'input/pressure': ['base', 'observe'],
  'input/receive': ['base', 'observe', 'durable/blocks'],
  'input/sources': ['base', 'observe', 'durable/blocks', 'durable/journal', 'rdd', 'streams/graph', 'input/receive'],
  'output/outputs': ['base', 'rdd', 'streams/graph'],
  'output/delivery': ['base', 'rdd', 'streams/graph'],

  // One batch after the other, and the way back after a crash.
  'engine/batch': ['base', 'observe', 'durable', 'rdd', 'streams', 'input', 'output/outputs', 'output/delivery'],
  'engine/recovery': [
    'base',
    'observe',
    'durable',
    'rdd',
    'streams',
    'input',
    'output/outputs',
    'output/delivery',
    'engine/batch',
  ],
  'engine/stages': ['base', 'observe', 'durable/codec', 'rdd', 'streams/graph', 'streams/state'],
  engine: [
    'base',
    'observe',
    'durable',
    'rdd',
    'streams',
    'input',
    'output/outputs',
    'output/delivery',
    'engine/batch',
    'engine/recovery',
    'engine/stages',
  ],

  platform: ['base', 'durable', 'observe'],
  // The page of a job knows it by what observe/ shows of it.
  ui: ['base', 'observe'],
  api: [
    'base',
    'observe',
    'durable',
    'rdd',
    'streams',
    'input',
    'output/outputs',
    'output/delivery',
    'engine',
    'platform',
    'ui',
  ],
}

/** Folders at the rim: public entries of their own. They import what they need, and no layer imports them. */
const rim = ['output/files', 'connectors', 'testing', 'cli']

/** Folders that may touch Node: its built-in modules, the real clock, the process. */
const machine = ['platform', 'ui', ...rim]

/** npm package → the folders that may import it */
const homes = {
  eventemitter3: ['observe'],
  acorn: ['streams/graph'],
  immutable: ['base', 'rdd', 'streams', 'durable/codec'],
  msgpackr: ['durable/codec'],
  ioredis: ['connectors/redis'],
  pg: ['connectors/postgres'],
  '@platformatic/kafka': ['connectors/kafka'],
  'eventsource-parser': ['connectors/http'],
  undici: ['connectors/http'],
  'csv-parse': ['connectors'],
  'csv-stringify': ['connectors/formats/csv'],
  hyparquet: ['connectors/formats/parquet'],
  'hyparquet-writer': ['connectors/formats/parquet'],
  'prom-client': ['ui'],
  '@opentelemetry/api': ['observe', 'platform'],
  preact: ['ui/page'],
  uplot: ['ui/page'],
}

module.exports = { layers, rim, machine, homes }
