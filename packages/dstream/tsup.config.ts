import { library } from '../../tools/tsup-config.mjs'

export default library({
  entry: {
    index: 'src/index.ts',
    testing: 'src/testing/index.ts',
    storage: 'src/storage.ts',
    cluster: 'src/platform/cluster.ts',
    sinks: 'src/output/files/index.ts',
    csv: 'src/connectors/formats/csv/index.ts',
    parquet: 'src/connectors/formats/parquet/index.ts',
    redis: 'src/connectors/redis/index.ts',
    postgres: 'src/connectors/postgres/index.ts',
    sqlite: 'src/connectors/sqlite/index.ts',
    kafka: 'src/connectors/kafka/index.ts',
    http: 'src/connectors/http/index.ts',
    ui: 'src/ui/index.ts',
  },
  main: 'src/index.ts',
  cli: 'src/cli/main.ts',
  page: 'src/ui/page/main.tsx',
  // dstream/testing and the connectors take the engine by its public name: a program and its test kit share one
  // StreamingContext.
  external: ['dstream'],
  // As a dependency msgpackr would bring an optional add-on with an install script, which nothing here loads. The parser of
  // server-sent events is two kilobytes, which no user should have to install. Importing eventemitter3, a CommonJS module,
  // takes 4 ms: Node first looks for the names of its exports.
  bundled: ['eventemitter3', 'eventsource-parser', 'msgpackr'],
  paths: {
    dstream: ['./src/index.ts'],
    'dstream/testing': ['./src/testing/index.ts'],
    'dstream/storage': ['./src/storage.ts'],
    'dstream/cluster': ['./src/platform/cluster.ts'],
    'dstream/sinks': ['./src/output/files/index.ts'],
    'dstream/csv': ['./src/connectors/formats/csv/index.ts'],
    'dstream/parquet': ['./src/connectors/formats/parquet/index.ts'],
    'dstream/redis': ['./src/connectors/redis/index.ts'],
    'dstream/postgres': ['./src/connectors/postgres/index.ts'],
    'dstream/sqlite': ['./src/connectors/sqlite/index.ts'],
    'dstream/kafka': ['./src/connectors/kafka/index.ts'],
    'dstream/http': ['./src/connectors/http/index.ts'],
    'dstream/ui': ['./src/ui/index.ts'],
  },
})
