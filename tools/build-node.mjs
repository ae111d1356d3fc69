// Builds dist/cli and dist/node: the command line, and what a program in Node imports, with all that they take from src and from packages,
// in few files, since every file that is opened and linked is a millisecond of their start. What is loaded when it is needed (commands,
// families of evaluation) stays in files of its own.
import { join, posix, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'vite'

const root = fileURLToPath(new URL('..', import.meta.url))

/** Packages that most commands begin with; the others stay where they are installed. */
const PACKAGES = ['cli-progress', 'commander', 'fastest-levenshtein', 'pretty-bytes', 'string-width', 'zod']
/** What these need. */
const OF_PACKAGES = ['ansi-regex', 'emoji-regex', 'is-fullwidth-code-point', 'strip-ansi']

/** What the package publishes (dist/node/NAME.js), and what its threads run. */
const MODULES = ['index', 'ai', 'eval', 'plan', 'server', 'store', 'worker']
const THREADS = ['remote/node-worker', 'remote/node-prompt-worker', 'server/body-worker']

/** Where a module of src lies for a file of dist/cli or dist/node. */
const placeOf = (id) => posix.join('..', relative(join(root, 'src'), id).replaceAll('\\', '/').replace(/\.ts$/, '.js'))

const nameOf = (module) => posix.basename(module)
/** The address of a thread's file, as modules write it, or of the module itself. */
const ADDRESS = new RegExp(
  `new URL\\('[./]*(${THREADS.map(nameOf).join('|')})\\.js', import\\.meta\\.url\\)|import\\.meta\\.url`,
  'g',
)

/** Files that lie next to a module (pages, models/mini) are found from where the library has it; threads have files of their own here. */
const places = {
  name: 'places-of-modules',
  enforce: 'pre',
  transform: {
    filter: { id: { include: /\/src\/.*\.ts$/, exclude: /node_modules/ }, code: /import\.meta\.url/ },
    handler: (code, id) =>
      code.replace(ADDRESS, (_, thread) =>
        thread
          ? `new URL('../node/${thread}.js', import.meta.url)`
          : `new URL(${JSON.stringify(placeOf(id))}, import.meta.url).href`,
      ),
  },
}

/** The compiled kernels, which are text of 600 kB, are the library's. */
const kernels = {
  name: 'kernels-of-the-library',
  enforce: 'pre',
  resolveId: {
    filter: { id: /\/kernels-\w+\.generated\.js$/ },
    handler: (source, importer) => ({ id: placeOf(posix.join(posix.dirname(importer), source)), external: true }),
  },
}

/** `input`: files of src by the names that they get. */
const bundle = (outDir, input) =>
  build({
    root,
    configFile: false,
    publicDir: false,
    logLevel: 'warn',
    plugins: [places, kernels],
    ssr: { noExternal: [...PACKAGES, ...OF_PACKAGES] },
    build: {
      target: 'node20',
      ssr: true,
      outDir,
      emptyOutDir: true,
      minify: false,
      license: { fileName: 'licenses.md' },
      chunkSizeWarningLimit: 4000,
      reportCompressedSize: false,
      rolldownOptions: {
        input,
        preserveEntrySignatures: 'strict',
        output: {
          entryFileNames: '[name].js',
          chunkFileNames: '[name].js',
          comments: { legal: true, annotation: false, jsdoc: false },
        },
        checks: { bundlerTimings: false },
      },
    },
  })

// Each on its own: what both shared would be a hundred small files.
await bundle('dist/cli', { main: 'src/cli/main.ts' })
await bundle(
  'dist/node',
  Object.fromEntries([...MODULES, ...THREADS].map((module) => [nameOf(module), `src/${module}.ts`])),
)
