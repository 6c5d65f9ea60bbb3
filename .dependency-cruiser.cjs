// The layers, as a machine reads them. Every folder of dstream/src names the folders that it may import; what is not
// named is refused. To move a line here is a design decision: say why in the commit.

/** Importable from everywhere: words and types that know next to nobody. */
const common = {
  text: [],
  steps: [],
  'process-wide': [],
  errors: ['text', 'time/time'],
  ports: ['errors', 'time', 'blocks'],
  options: ['errors', 'text', 'ports', 'time'],
}

/** folder → what it may import beside itself and `common` */
const layers = {
  time: [],
  keys: ['time'],
  blocks: ['time'],
  rdd: ['keys', 'time', 'blocks'],
  state: ['keys', 'rdd', 'time'],
  graph: ['rdd', 'time', 'keys', 'state'],
  operators: ['graph', 'rdd', 'state', 'keys', 'time'],
  observe: ['time'],
  pressure: ['observe', 'time'],
  receive: ['blocks', 'observe', 'pressure', 'time'],
  codec: ['keys', 'time'],
  journal: ['blocks', 'time', 'codec'],
  sources: ['graph', 'rdd', 'blocks', 'receive', 'observe', 'time', 'journal'],
  outputs: ['graph', 'rdd', 'time'],
  checkpoint: ['graph', 'state', 'journal', 'codec', 'time', 'observe', 'keys', 'blocks'],
  schedule: [
    'graph',
    'journal',
    'checkpoint',
    'rdd',
    'state',
    'keys',
    'observe',
    'sources',
    'outputs',
    'time',
    'blocks',
  ],
  node: ['time', 'storage', 'codec', 'journal', 'sources'],
  storage: ['node'],
}

/** Folders that wire or stand at the rim: they may import what they need, and nothing inside imports them. */
const edges = ['testing', 'cli', 'redis', 'sinks']

const src = '^packages/dstream/src'
/** The public classes, which name each other in their types. */
const faces = `${src}/(context|dstream|job|rdd/rdd|rdd/rdd-context)\\.ts$`
const tests = '\\.(test|arbitrary)\\.ts$'
const names = (folders) => `(${folders.join('|')})(/|\\.ts$)`

const table = {
  ...common,
  ...Object.fromEntries(
    Object.entries(layers).map(([folder, allowed]) => [folder, [...allowed, ...Object.keys(common)]]),
  ),
}

const layerRules = Object.entries(table).map(([folder, allowed]) => ({
  name: `layer-${folder}`,
  comment: `${folder} may import ${allowed.join(', ') || 'nothing'} of dstream. Move the code, or hand it in as an argument; the table is in .dependency-cruiser.cjs.`,
  severity: 'error',
  from: { path: `${src}/${names([folder])}`, pathNot: tests },
  to: { path: `${src}/`, pathNot: `${src}/${names([folder, ...allowed])}` },
}))

/** npm package → the folders that may know it */
const homes = {
  eventemitter3: ['observe'],
  immutable: ['keys', 'rdd', 'state', 'graph', 'codec', 'operators', 'blocks'],
  msgpackr: ['codec'],
  ioredis: ['redis'],
}

const homeRules = Object.entries(homes).map(([dependency, folders]) => ({
  name: `${dependency}-has-one-home`,
  comment: `In dstream only ${folders.join(', ')} may import ${dependency}.`,
  severity: 'error',
  from: { path: `${src}/`, pathNot: [tests, `${src}/${names(folders)}`] },
  to: { path: `node_modules/${dependency}/` },
}))

module.exports = {
  forbidden: [
    {
      name: 'no-circular',
      comment: 'Two files that need each other, types included, are one thing or want a third that both import.',
      severity: 'error',
      from: { pathNot: faces },
      to: { circular: true },
    },
    {
      name: 'no-circular-at-run-time',
      comment:
        'A context makes streams and a stream names its context: among the public classes a type may point back.',
      severity: 'error',
      from: { path: faces },
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'not-found',
      comment: 'This import leads nowhere: a misspelt path, or a package that is not installed.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'declared-dependencies-only',
      comment: 'Not in this package.json. A user who installs the package would not have it.',
      severity: 'error',
      from: { path: '^packages/[^/]+/src', pathNot: tests },
      // A peer is declared too, though it counts as in no package's dependencies.
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'npm-dev'], dependencyTypesNot: ['npm-peer'] },
    },

    ...layerRules,
    ...homeRules,
    {
      name: 'every-folder-has-a-layer',
      comment: 'A new folder of dstream/src takes a line in the table of .dependency-cruiser.cjs first.',
      severity: 'error',
      from: { path: `${src}/[^/]+/`, pathNot: `${src}/${names([...Object.keys(table), ...edges])}` },
      to: {},
    },
    {
      name: 'edges-are-imported-by-nothing-inside',
      comment: 'testing, cli, sinks and redis stand at the rim of dstream.',
      severity: 'error',
      from: { path: `${src}/`, pathNot: [tests, `${src}/${names(edges)}`] },
      to: { path: `${src}/${names(edges)}` },
    },
    {
      name: 'only-the-context-touches-node',
      comment: 'node/ holds the real clock, timers and files. Take a port; context.ts hands in the real one.',
      severity: 'error',
      from: {
        path: `${src}/`,
        pathNot: [
          tests,
          `${src}/(context|job|stats-report-listener|defaults[^/]*|index)\\.ts$`,
          `${src}/${names(['node', 'storage', ...edges])}`,
        ],
      },
      to: { path: `${src}/node/` },
    },
    {
      name: 'only-the-rim-imports-node-built-ins',
      comment: 'Files, sockets and timers belong in node/, sources/ or an edge; the core takes a port of ports.ts.',
      severity: 'error',
      from: { path: `${src}/`, pathNot: [tests, `${src}/${names(['node', 'sources', ...edges])}`] },
      to: { dependencyTypes: ['core'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'the-index-is-for-users',
      comment: 'Inside the package import the file that has it; only the test kit goes through the public name.',
      severity: 'error',
      from: { path: `${src}/`, pathNot: [tests, `${src}/${names(edges)}`] },
      to: { path: `${src}/index\\.ts$` },
    },

    {
      name: 'dstream-knows-no-forum',
      severity: 'error',
      from: { path: '^packages/dstream/' },
      to: { path: '^(packages/jvc-|examples/)' },
    },
    {
      name: 'the-feed-needs-nothing',
      comment: 'jvc-receiver/feed is what the scraper installs: no dependency, no engine, no built-in.',
      severity: 'error',
      from: { path: '^packages/jvc-receiver/src/feed/', pathNot: tests },
      to: { pathNot: '^packages/jvc-receiver/src/feed/' },
    },
    {
      name: 'the-receiver-knows-the-engine-by-its-public-name',
      severity: 'error',
      from: { path: '^packages/jvc-receiver/src/', pathNot: tests },
      to: { path: '^packages/(dstream|jvc-scraper)/', pathNot: `${src}/index\\.ts$` },
    },
    {
      name: 'the-scraper-knows-only-the-feed',
      severity: 'error',
      from: { path: '^packages/jvc-scraper/src/', pathNot: tests },
      to: { path: '^packages/(dstream|jvc-receiver)/', pathNot: '^packages/jvc-receiver/src/feed/index\\.ts$' },
    },
    {
      name: 'examples-use-public-names',
      comment: 'An example is what a user would write: import from dstream, jvc-receiver or jvc-scraper by name.',
      severity: 'error',
      from: { path: '^examples/', pathNot: tests },
      to: { path: '^packages/', dependencyTypesNot: ['aliased'] },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)dist/' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
}
