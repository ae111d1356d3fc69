// Builds dist/cli: the command line with all that it takes from src and from packages, in few files, since every file that is
// opened and linked is half a millisecond of its start. Commands stay in files of their own, loaded when they are chosen.
import { join, posix, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'vite'

const root = fileURLToPath(new URL('..', import.meta.url))

/** Packages that most commands begin with; the others stay where they are installed. */
const PACKAGES = ['cli-progress', 'commander', 'fastest-levenshtein', 'pretty-bytes', 'string-width', 'zod']
/** What these need. */
const OF_PACKAGES = ['ansi-regex', 'emoji-regex', 'is-fullwidth-code-point', 'strip-ansi']

/** Where a module of src lies for a file of dist/cli. */
const placeOf = (id) => posix.join('..', relative(join(root, 'src'), id).replaceAll('\\', '/').replace(/\.ts$/, '.js'))

/** Files that lie beside a module (workers, pages, models/mini) are found from where the library has it. */
const places = {
  name: 'places-of-modules',
  enforce: 'pre',
  transform: {
    filter: { id: { include: /\/src\/.*\.ts$/, exclude: /node_modules/ }, code: /import\.meta\.url/ },
    handler: (code, id) =>
      code.replaceAll('import.meta.url', `new URL(${JSON.stringify(placeOf(id))}, import.meta.url).href`),
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

await build({
  root,
  configFile: false,
  publicDir: false,
  logLevel: 'warn',
  plugins: [places, kernels],
  ssr: { noExternal: [...PACKAGES, ...OF_PACKAGES] },
  build: {
    target: 'node20',
    ssr: true,
    outDir: 'dist/cli',
    emptyOutDir: true,
    minify: false,
    license: { fileName: 'licenses.md' },
    chunkSizeWarningLimit: 4000,
    reportCompressedSize: false,
    rolldownOptions: {
      input: { main: 'src/cli/main.ts' },
      output: {
        entryFileNames: '[name].js',
        chunkFileNames: '[name].js',
        comments: { legal: true, annotation: false, jsdoc: false },
      },
      checks: { bundlerTimings: false },
    },
  },
})
