import { existsSync } from 'node:fs'
import { builtinModules } from 'node:module'
import js from '@eslint/js'
import tseslint from 'typescript-eslint'

// The pipeline runs one way, a floor at a time:
//   checkpoint < tokenizer < chat < grammar | checkpoint < published, graph < models, backends < engine < remote < agent < server < cli;
//   checkpoint < store < engine.
// Each folder of src lists what it may import from; models and backends meet only in graph. server and cli are clients of the
// engine: they know it as remote gives it, and see no tensor.
const MAY_IMPORT = {
  checkpoint: [],
  store: ['checkpoint'],
  published: ['checkpoint'],
  tokenizer: ['checkpoint'],
  chat: ['checkpoint', 'tokenizer'],
  grammar: ['checkpoint', 'tokenizer', 'chat'],
  graph: ['checkpoint'],
  models: ['checkpoint', 'published', 'graph'],
  backends: ['checkpoint', 'graph'],
  // Stands alone: data and arithmetic.
  race: [],
  eval: ['checkpoint', 'store', 'chat', 'grammar', 'engine', 'remote'],
  engine: ['checkpoint', 'store', 'tokenizer', 'chat', 'grammar', 'graph', 'models', 'backends'],
  remote: ['checkpoint', 'store', 'tokenizer', 'chat', 'grammar', 'engine'],
  agent: ['chat', 'grammar', 'remote'],
  server: ['store', 'chat', 'grammar', 'remote', 'agent'],
  cli: ['checkpoint', 'store', 'chat', 'remote', 'agent', 'server', 'race', 'eval'],
}
const FOLDERS = Object.keys(MAY_IMPORT)
// Developers' tools look inside of the engine. They are the exception among its clients.
const DEVELOPERS_TOOLS = [
  'bench',
  'bench-rounds',
  'bench-speculation',
  'inspect',
  'logits',
  'profile',
  'program-text',
].map((name) => `src/cli/${name}.ts`)
const NODE_FOLDERS = ['cli', 'server']
const NODE_FILES = [
  'src/checkpoint/files/node.ts',
  'src/store/platform.ts',
  'src/remote/node.ts',
  'src/remote/node-*.ts',
  'src/eval/*/node-*.ts',
]

const nodeImports = {
  regex: `^(node:.*|(${builtinModules.filter((name) => !name.startsWith('_')).join('|')})(/.*)?)$`,
  message: 'Node modules belong to src/cli, src/server and the files called node.ts: the rest also runs in a browser.',
}

function directionRule(folder, { allowNode, allowed = MAY_IMPORT[folder] }) {
  const forbidden = FOLDERS.filter((other) => other !== folder && !allowed.includes(other))
  const patterns = []
  if (forbidden.length > 0) {
    patterns.push({
      regex: `^(\\.\\./)+(${forbidden.join('|')})/`,
      message: `src/${folder} may import only from: ${['errors.ts', ...allowed].join(', ')}.`,
    })
  }
  if (folder !== 'cli')
    patterns.push({ regex: '^(\\.\\./)+index\\.js$', message: 'index.ts is the front door, not a stage.' })
  if (!allowNode) patterns.push(nodeImports)
  return { 'no-restricted-imports': ['error', { patterns }] }
}

export default tseslint.config(
  {
    ignores: [
      'dist/**',
      'dist-page/**',
      'docs/api/**',
      // Their types are the clients' packages: test/clients checks them.
      'examples/{next,use-chat}/**',
      'models/**',
      'test/fixtures/**',
      'bench/peers/**',
      '**/.venv/**',
      // A package of its own, whose types are there only where it is installed.
      ...(existsSync(new URL('test/clients/node_modules', import.meta.url)) ? [] : ['test/clients/**/*.ts']),
      '**/*.generated.ts',
      'node_modules/**',
    ],
  },
  { linterOptions: { reportUnusedDisableDirectives: 'error', noInlineConfig: true } },
  js.configs.recommended,
  {
    files: ['**/*.ts', '**/*.tsx'],
    ignores: ['kernels/{cpu,sample}/**'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: {
      parserOptions: {
        projectService: { allowDefaultProject: ['vitest.config.ts'] },
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      // Index arithmetic on typed arrays is the trade here: `values[i]!` states that i is in range.
      '@typescript-eslint/no-non-null-assertion': 'off',
      // Numbers, and shapes such as [N, K], read best inside the message itself.
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true, allowArray: true },
      ],
      '@typescript-eslint/no-confusing-void-expression': 'off',
      // A backend or a stage keeps its interface's Promise although this implementation has nothing to wait for.
      '@typescript-eslint/require-await': 'off',
      // Blind to what changes across an await: it calls `signal.aborted` after a step "always false".
      '@typescript-eslint/no-unnecessary-condition': 'off',
      // A type parameter as the name of a result that only the caller knows: `builtin<Os>('os')`.
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
      eqeqeq: 'error',
      'no-restricted-syntax': [
        'error',
        { selector: 'ExportDefaultDeclaration', message: 'Named exports only: the name is a join key.' },
      ],
    },
  },
  // The page stands on the line to an engine, and in its own worker on the library; it knows nothing else of src.
  {
    files: ['web/**/*.ts', 'web/**/*.tsx'],
    ignores: ['web/vite.config.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            nodeImports,
            {
              regex:
                '^(\\.\\./)+src/(?!remote/|race/|chat/message|engine/answer/generation|engine/load|engine/threads|worker-web|errors|store/)',
              message: 'The page talks to an engine over its line (src/remote).',
            },
          ],
        },
      ],
    },
  },
  // Scripts of the page that no bundler reads.
  {
    files: ['web/public/*.js', 'web/offline/*.js', 'examples/browser-*/*.js', 'examples/electron/window.js'],
    languageOptions: {
      globals: Object.fromEntries(
        ['localStorage', 'document', 'window', 'self', 'caches', 'Response', 'Headers', 'addEventListener'].map(
          (name) => [name, 'readonly'],
        ),
      ),
    },
  },
  // AssemblyScript: read as TypeScript, whose types are not its own.
  {
    files: ['kernels/{cpu,sample}/**/*.ts'],
    extends: [tseslint.configs.recommended],
    rules: {
      // Names that are built into AssemblyScript.
      'no-undef': 'off',
      '@typescript-eslint/no-unused-vars': 'error',
      // A number in an f32 may have more digits than it keeps: that of the source is cited.
      'no-loss-of-precision': 'off',
      // A local gets its type from the value that it is declared with.
      'no-useless-assignment': 'off',
    },
  },
  {
    files: ['src/*.ts'],
    rules: { 'no-restricted-imports': ['error', { patterns: [nodeImports, { regex: '^\\./(cli|server)/' }] }] },
  },
  // The front door of the server.
  { files: ['src/server.ts'], rules: { 'no-restricted-imports': 'off' } },
  ...FOLDERS.map((folder) => ({
    files: [`src/${folder}/**/*.ts`],
    rules: directionRule(folder, { allowNode: NODE_FOLDERS.includes(folder) }),
  })),
  ...NODE_FILES.map((file) => ({
    files: [file],
    rules: directionRule(file.split('/')[1], { allowNode: true }),
  })),
  { files: DEVELOPERS_TOOLS, rules: directionRule('cli', { allowNode: true, allowed: FOLDERS }) },
  // Configuration files of tools have to export a default.
  { files: ['**/*.config.ts', 'test/reporter.ts'], rules: { 'no-restricted-syntax': 'off' } },
  {
    files: ['test/**/*.ts'],
    rules: {
      // Tests hand over wrong things on purpose.
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
    },
  },
  {
    files: ['**/*.js', '**/*.mjs'],
    languageOptions: {
      globals: Object.fromEntries(
        [
          'console',
          'process',
          'performance',
          'Buffer',
          'URL',
          'fetch',
          'setTimeout',
          'clearTimeout',
          'WebAssembly',
          'TextDecoder',
          'TextEncoder',
        ].map((name) => [name, 'readonly']),
      ),
    },
    rules: { '@typescript-eslint/no-unused-vars': 'off' },
  },
)
