import { createHash } from 'node:crypto'
import { cpSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { defineConfig, type Plugin } from 'vite'
import { MINI_FILES } from './storage/models/mini.js'
import { HUBS, policyOf } from './offline/policy.js'

const MINI = resolve(import.meta.dirname, '../models/mini')
/** Loaded on first use, and kept by the service worker then. */
const ON_DEMAND = /KaTeX_|katex|pdf|highlight/

/** Every browser that runs the page takes woff2: the other forms of KaTeX's fonts are left out. */
const oneFontForm: Plugin = {
  name: 'one-font-form',
  enforce: 'pre',
  transform: (code, id) =>
    id.includes('katex') && id.endsWith('.css')
      ? code.replace(/,url\([^)]*\.(?:woff|ttf)\) format\("[a-z]+"\)/g, '')
      : undefined,
}

/** The static page: engines in a worker, the policy in the page itself, a service worker, and the built-in model. */
function staticPage(): Plugin {
  let outDir = ''
  return {
    name: 'static-page',
    enforce: 'pre',
    configResolved: (config) => void (outDir = resolve(config.root, config.build.outDir)),
    resolveId: (id, importer) =>
      id === './place.js' && importer?.endsWith('main.tsx') ? join(import.meta.dirname, 'place-static.ts') : undefined,
    transformIndexHtml: () => [
      {
        tag: 'meta',
        injectTo: 'head-prepend',
        attrs: { 'http-equiv': 'content-security-policy', content: policyOf(HUBS, 'page') },
      },
    ],
    closeBundle() {
      const models = join(outDir, 'models/mini')
      mkdirSync(models, { recursive: true })
      for (const file of MINI_FILES) cpSync(join(MINI, file), join(models, file))
      writeFileSync(join(outDir, '_headers'), headersFile())
      const files = readdirSync(outDir, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && entry.name !== '_headers' && entry.name !== 'offline.js')
        .map((entry) =>
          join(entry.parentPath, entry.name)
            .slice(outDir.length + 1)
            .replaceAll('\\', '/'),
        )
        .filter((file) => !ON_DEMAND.test(file))
        .sort()
      const digest = createHash('sha256')
      for (const file of files) digest.update(file).update(readFileSync(join(outDir, file)))
      const kept = ['./', ...files.filter((file) => file !== 'index.html').map((file) => `./${file}`)]
      const worker = readFileSync(join(import.meta.dirname, 'offline/service-worker.js'), 'utf8')
        .replace('self.KAIYUAN_FILES', JSON.stringify(kept))
        .replace('self.KAIYUAN_VERSION', JSON.stringify(digest.digest('hex').slice(0, 16)))
      writeFileSync(join(outDir, 'offline.js'), worker)
    },
  }
}

/** What hosts with a file of headers (Netlify, Cloudflare Pages) send. */
function headersFile(): string {
  const all = {
    'Content-Security-Policy': policyOf(HUBS, 'header'),
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Embedder-Policy': 'require-corp',
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
  }
  const lines = Object.entries(all).map(([name, value]) => `  ${name}: ${value}`)
  return `/*\n${lines.join('\n')}\n/assets/*\n  Cache-Control: public, max-age=31536000, immutable\n`
}

// Two builds of one page: served by `kaiyuan serve` (the default), and static, with the engine in a worker (--mode static).
export default defineConfig(({ mode }) => ({
  root: import.meta.dirname,
  base: './',
  logLevel: 'warn' as const,
  plugins: [oneFontForm, ...(mode === 'static' ? [staticPage()] : [])],
  build: {
    outDir: '../dist/page',
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 4000,
    reportCompressedSize: false,
    rolldownOptions: { checks: { bundlerTimings: false } },
  },
  worker: { format: 'es' as const },
}))
