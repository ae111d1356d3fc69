// Bundles a page as an application would.
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'vite'

const root = fileURLToPath(new URL('../..', import.meta.url))

/**
 * Bundles a page on top of dist. Anything that a bundler has to warn of is a failure: Node's modules above all.
 * @param {string} page its path in the project
 * @param {string} outDir
 */
export async function bundle(page, outDir) {
  const warnings = []
  await build({
    root: dirname(join(root, page)),
    configFile: false,
    logLevel: 'silent',
    resolve: {
      alias: [
        ...['index', 'worker-web', 'store-web'].map((name) => ({
          find: new RegExp(`^.*/src/${name}\\.js$`),
          replacement: join(root, `dist/${name}.js`),
        })),
        // As the examples name it.
        { find: /^kaiyuan$/, replacement: join(root, 'dist/index.js') },
        { find: /^kaiyuan\/worker$/, replacement: join(root, 'dist/worker-web.js') },
      ],
    },
    // The engine is loaded in pieces, which workers of the older form cannot import.
    worker: { format: 'es', rollupOptions: { checks: { bundlerTimings: false } } },
    build: {
      outDir,
      emptyOutDir: true,
      target: 'es2022',
      // The kernels are one long line of hex.
      chunkSizeWarningLimit: 4000,
      rollupOptions: {
        input: join(root, page),
        // How long its own plugins take on a busy machine says nothing about the package.
        checks: { bundlerTimings: false },
        onwarn: (warning) => warnings.push(warning.message),
      },
    },
  })
  if (warnings.length > 0) throw new Error(`the bundler warns: ${warnings.join('; ')}`)
}
