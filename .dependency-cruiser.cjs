// What may import what, as a machine reads it. The layers themselves are listed in layers.cjs.
const { layers, rim, machine, homes } = require('./layers.cjs')

const src = '^packages/dstream/src'
const tests = '\\.(test|arbitrary)\\.ts$'
const names = (folders) => `(${folders.join('|')})(/|\\.ts$)`

/** The files of a layer: all below its folder, or only those beside the folders that are layers of their own. */
const filesOf = (layer) =>
  Object.keys(layers).some((other) => other.startsWith(`${layer}/`))
    ? `${src}/${layer}/[^/]+\\.ts$`
    : `${src}/${layer}/`

const layerRules = Object.entries(layers).map(([layer, allowed]) => ({
  name: `layer-${layer.replace('/', '-')}`,
  comment: `${layer} may import ${allowed.join(', ') || 'nothing'} of dstream. Move the code, or hand it in as an argument; the list is in layers.cjs.`,
  severity: 'error',
  from: { path: filesOf(layer), pathNot: tests },
  to: { path: `${src}/`, pathNot: [filesOf(layer), ...allowed.map((name) => `${src}/${names([name])}`)] },
}))

const homeRules = Object.entries(homes).map(([dependency, folders]) => ({
  name: `${dependency}-has-one-home`,
  comment: `In dstream only ${folders.join(', ')} may import ${dependency}.`,
  severity: 'error',
  from: { path: `${src}/`, pathNot: [tests, `${src}/${names(folders)}`] },
  to: { path: `node_modules/${dependency}/` },
}))

const spark = '^packages/dstream-spark/src'
const sparkLayers = ['jvm', 'submit', 'job', 'runner', 'command']
const sparkRules = sparkLayers.map((layer, i) => ({
  name: `spark-layer-${layer}`,
  comment: `dstream-spark/src/${layer} may import ${sparkLayers.slice(0, i).join(', ') || 'nothing'} of dstream-spark.`,
  severity: 'error',
  from: { path: `${spark}/${layer}/`, pathNot: tests },
  to: { path: `${spark}/`, pathNot: `${spark}/${names(sparkLayers.slice(0, i + 1))}` },
}))

module.exports = {
  forbidden: [
    {
      name: 'no-circular',
      comment: 'Two files that need each other, types included, are one thing or want a third that both import.',
      severity: 'error',
      from: {},
      to: { circular: true },
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
      // A peer is declared too, though it counts as in no package's dependencies. Packages that the build bundles are
      // devDependencies.
      to: {
        pathNot: 'node_modules/(eventemitter3|msgpackr|eventsource-parser|preact|uplot)/',
        dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'npm-dev'],
        dependencyTypesNot: ['npm-peer'],
      },
    },

    ...layerRules,
    ...homeRules,
    {
      name: 'every-folder-has-a-layer',
      comment: 'A new folder of dstream/src takes a line in layers.cjs first.',
      severity: 'error',
      from: { path: `${src}/[^/]+/`, pathNot: [...Object.keys(layers).map(filesOf), `${src}/${names(rim)}`] },
      to: {},
    },
    {
      name: 'the-rim-is-imported-by-nothing-inside',
      comment: 'The public sub-paths, the test kit and the command line stand at the rim of dstream.',
      severity: 'error',
      from: { path: `${src}/`, pathNot: [tests, `${src}/${names(rim)}`, `${src}/storage\\.ts$`] },
      to: { path: `${src}/${names(rim)}` },
    },
    {
      name: 'connectors-have-what-users-have',
      comment:
        'A connector is the example of how to write one: it imports dstream by its name, and base/ for texts of errors. Formats read the compressed files that textFileStream reads.',
      severity: 'error',
      from: { path: `${src}/connectors/`, pathNot: tests },
      to: { path: `${src}/`, pathNot: `${src}/(connectors/|base/|index\\.ts$|platform/files/decompress\\.ts$)` },
    },
    {
      name: 'only-the-platform-imports-node-built-ins',
      comment: 'Files, sockets and timers belong in platform/ or at the rim; a layer takes a port of base/ports.ts.',
      severity: 'error',
      from: { path: `${src}/`, pathNot: [tests, `${src}/${names(machine)}`] },
      to: { dependencyTypes: ['core'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'the-page-is-loaded-on-demand',
      comment: 'A program without the option ui loads nothing of it: import() it where it is wanted.',
      severity: 'error',
      from: { path: `${src}/`, pathNot: [tests, `${src}/ui/`] },
      to: {
        path: `${src}/ui/`,
        pathNot: `${src}/ui/ui-options\\.ts$`,
        dynamic: false,
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'the-index-is-for-users',
      comment: 'Inside the package import the file that has it; only the test kit goes through the public name.',
      severity: 'error',
      from: { path: `${src}/`, pathNot: [tests, `${src}/${names(rim)}`] },
      to: { path: `${src}/index\\.ts$` },
    },

    ...sparkRules,
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
