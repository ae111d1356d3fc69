// Builds dist/browser: kaiyuan/worker with all that it takes, for pages without a bundler (<script type="module">). Made of dist.
import { fileURLToPath } from 'node:url'
import { build } from 'vite'

const dist = fileURLToPath(new URL('../dist/', import.meta.url))

await build({
  root: dist,
  configFile: false,
  base: './',
  logLevel: 'warn',
  worker: {
    format: 'es',
    rolldownOptions: { output: { entryFileNames: 'engine.js', chunkFileNames: 'engine/[name]-[hash].js' } },
  },
  build: {
    target: 'es2022',
    outDir: 'browser',
    emptyOutDir: true,
    lib: { entry: 'worker-web.js', formats: ['es'], fileName: 'kaiyuan' },
    chunkSizeWarningLimit: 4000,
    reportCompressedSize: false,
    rolldownOptions: {
      output: { chunkFileNames: 'page/[name]-[hash].js' },
      checks: { bundlerTimings: false },
    },
  },
})
