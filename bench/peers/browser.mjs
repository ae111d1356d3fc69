// wllama (llama.cpp in WebAssembly) and kaiyuan in headless Chromium, on the same random-weight file, alternating, a page each.
// Usage: node bench/peers/browser.mjs [--shape qwen3-0.6b] [--format q4_0] [-p 256] [-n 32] [--threads 2] [--rounds 3] [--inner 1] [--into avx2]
// Before: npm ci; npm run build; cd bench/peers && NODE_LLAMA_CPP_SKIP_DOWNLOAD=true npm install; Chromium (Debian: apt-get install chromium)
// Writes bench/results/<shape>-<format>-chromium.json; `node tools/speed-table.mjs` puts the results into docs/speed.md.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync, existsSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { build } from 'vite'
import { startChromium } from '../../test/browser/chromium.mjs'
import { serve } from '../../test/browser/server.mjs'
import { writeSyntheticGguf } from './synthetic-gguf.mjs'

const FIELDS = ['loadSeconds', 'prefillTokensPerSecond', 'decodeTokensPerSecond']
const here = (path) => fileURLToPath(new URL(path, import.meta.url))
const { values } = parseArgs({
  options: {
    shape: { type: 'string', default: 'qwen3-0.6b' },
    format: { type: 'string', default: 'q4_0' },
    prompt: { type: 'string', short: 'p', default: '256' },
    new: { type: 'string', short: 'n', default: '32' },
    threads: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '3' },
    inner: { type: 'string', default: '1' },
    file: { type: 'string' },
    out: { type: 'string' },
    into: { type: 'string', default: '.' },
  },
})
const { shape, format, threads, rounds, inner } = values
const median = (numbers) => [...numbers].sort((a, b) => a - b)[numbers.length >> 1]

const folder = mkdtempSync(join(tmpdir(), 'kaiyuan-peers-'))
const file = values.file ?? join(folder, `${shape}-${format}.gguf`)
const runs = { wllama: [], kaiyuan: [] }
let browser
let server
let version
try {
  if (!existsSync(file)) await writeSyntheticGguf(file, shape, format)
  await build({
    root: here('.'),
    configFile: false,
    logLevel: 'silent',
    build: { outDir: join(folder, 'page'), target: 'es2022', rollupOptions: { input: here('browser.html') } },
  })
  server = await serve({ '': join(folder, 'page'), model: dirname(file) })
  browser = await startChromium()
  version = browser.version()
  const options = {
    file: `/model/${file.split('/').at(-1)}`,
    threads: Number(threads),
    promptTokens: Number(values.prompt),
    newTokens: Number(values.new),
    rounds: Number(inner),
  }
  for (let round = 0; round < Number(rounds); round++)
    for (const name of round % 2 === 0 ? ['wllama', 'kaiyuan'] : ['kaiyuan', 'wllama']) {
      const page = await browser.newPage()
      page.on('pageerror', (error) => console.error(error.message))
      await page.goto(`${server.origin}/browser.html`)
      await page.waitForFunction(() => 'measure' in globalThis)
      const result = await page.evaluate(([n, o]) => globalThis.measure(n, o), [name, options])
      await page.close()
      runs[name].push(result)
      const [load, prefill, decode] = FIELDS.map((field) => result[field].toFixed(2))
      console.log(
        `${round + 1}/${rounds} ${name.padEnd(8)} load ${load} s, prefill ${prefill} tok/s, decode ${decode} tok/s`,
      )
    }
  const medians = Object.fromEntries(
    Object.entries(runs).map(([name, results]) => [
      name,
      Object.fromEntries(FIELDS.map((field) => [field, median(results.map((result) => result[field]))])),
    ]),
  )
  const ratio = (field) => medians.kaiyuan[field] / medians.wllama[field]
  const ratios = { prefill: ratio('prefillTokensPerSecond'), decode: ratio('decodeTokensPerSecond') }
  const peer = JSON.parse(readFileSync(here('node_modules/@wllama/wllama/package.json'), 'utf8'))
  const report = {
    date: new Date().toISOString().slice(0, 10),
    machine: { cpu: cpus()[0].model.trim(), cores: cpus().length },
    browser: `Chromium ${version}`,
    peer: `wllama ${peer.version}`,
    command:
      `node bench/peers/browser.mjs --shape ${shape} --format ${format} -p ${values.prompt} -n ${values.new} ` +
      `--threads ${threads} --rounds ${rounds} --inner ${inner}`,
    shape,
    format,
    fileBytes: statSync(file).size,
    medians,
    ratios,
    runs,
  }
  const out = values.out ?? here(`../results/${values.into}/${shape}-${format}-chromium.json`)
  mkdirSync(join(out, '..'), { recursive: true })
  writeFileSync(out, `${JSON.stringify(report, null, 2)}\n`)
  console.log(`kaiyuan / wllama: prefill ${ratios.prefill.toFixed(1)}, decode ${ratios.decode.toFixed(1)}`)
} finally {
  await browser?.close()
  server?.close()
  rmSync(folder, { recursive: true, force: true })
}
