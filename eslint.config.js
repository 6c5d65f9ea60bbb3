import js from '@eslint/js'
import tseslint from 'typescript-eslint'
import layers from './layers.cjs'

const core = ['packages/dstream/src/**/*.ts']
const mayTouchNode = layers.machine.map((folder) => `packages/dstream/src/${folder}/**`)
const tests = ['**/*.test.ts', '**/test/**']

const clock = 'Take a Clock from base/ports.ts: only platform/ reads the real time and sets timers.'
const machine =
  'Only platform/ and the rim know the process; take a port from base/ports.ts (a logger, a clock, a storage).'

/** The form of declarations, which no formatter decides. */
const houseStyle = [
  {
    selector:
      ':matches(Program, ExportNamedDeclaration) > VariableDeclaration > VariableDeclarator[init.type="ArrowFunctionExpression"]:not([id.typeAnnotation])',
    message:
      'Declare a function at the top level: function name(…) {…}. A constant with a type of its own may hold an arrow.',
  },
  {
    selector:
      ':matches(PropertyDefinition, MethodDefinition:not([kind="constructor"]), TSParameterProperty)[accessibility="private"]',
    message:
      'Private members are #private: the language keeps them, not only the compiler. A constructor may be private.',
  },
]

/** What a pure engine does not reach for, with the way out in the message. */
const noMachine = {
  'no-restricted-globals': [
    'error',
    ...[
      'performance',
      'setTimeout',
      'setInterval',
      'setImmediate',
      'clearTimeout',
      'clearInterval',
      'clearImmediate',
    ].map((name) => ({ name, message: clock })),
    { name: 'process', message: machine },
    { name: 'console', message: 'Take the Logger that the context was given; print() writes through its port.' },
    { name: 'globalThis', message: `globalThis hides a clock, a timer or the process. ${machine}` },
    { name: 'global', message: machine },
    { name: 'fetch', message: 'No I/O in the engine: a receiver, a Source or a sink of the user does it.' },
  ],
  'no-restricted-properties': [
    'error',
    { object: 'Math', property: 'random', message: 'Results follow from input and seed: use the seeded generator.' },
    { object: 'Date', property: 'now', message: clock },
  ],
  'no-restricted-syntax': [
    'error',
    ...houseStyle,
    { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: clock },
    { selector: "CallExpression[callee.name='Date']", message: clock },
    { selector: 'ExportDefaultDeclaration', message: 'Export by name: a file is called after its main export.' },
  ],
}

export default tseslint.config(
  { ignores: ['**/dist/', '**/node_modules/', 'coverage/'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  js.configs.recommended,
  ...tseslint.configs.recommended,
  {
    rules: {
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', caughtErrors: 'all', ignoreRestSiblings: true },
      ],
      '@typescript-eslint/consistent-type-imports': 'error',
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-var': 'error',
      'prefer-const': 'error',
      'object-shorthand': 'error',
    },
  },
  {
    // One house style for all packages.
    files: ['packages/*/src/**/*.ts'],
    ignores: tests,
    rules: {
      'no-restricted-syntax': ['error', ...houseStyle],
      '@typescript-eslint/naming-convention': [
        'error',
        {
          selector: 'variable',
          modifiers: ['const', 'global'],
          types: ['boolean', 'number', 'string'],
          format: ['UPPER_CASE'],
          filter: { regex: '^_', match: false },
        },
      ],
    },
  },
  {
    files: ['packages/*/src/**/*.{ts,tsx}'],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: false }],
      '@typescript-eslint/await-thenable': 'error',
    },
  },
  {
    files: ['packages/*/src/**/*.{ts,tsx}'],
    ignores: tests,
    rules: {
      'max-lines': ['error', { max: 300 }],
      'max-lines-per-function': ['error', { max: 60, skipComments: true }],
    },
  },
  {
    // The faces of the library: one method per operator, each with its documentation.
    files: [
      'packages/dstream/src/api/streaming-context.ts',
      'packages/dstream/src/api/dstream.ts',
      'packages/dstream/src/rdd/rdd.ts',
      'packages/dstream/src/streams/state/keyed-state.ts',
      'packages/*/src/**/index.ts',
    ],
    rules: { 'max-lines': 'off' },
  },
  {
    // The engine carries the user's types through places that cannot name them.
    files: core,
    rules: { '@typescript-eslint/no-explicit-any': 'off' },
  },
  { files: core, ignores: [...mayTouchNode, ...tests], rules: noMachine },
  {
    // Programs: TypeScript checks the names (`checkJs` by `// @ts-check`), ESLint the habits.
    files: ['**/*.js', '**/*.mjs', '**/*.cjs'],
    rules: { 'no-undef': 'off', '@typescript-eslint/no-require-imports': 'off' },
  },
  { files: tests, rules: { '@typescript-eslint/no-explicit-any': 'off' } },
)
