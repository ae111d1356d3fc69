// llama.cpp and kaiyuan on the same file, alternating, each in its own process.
// Usage: node bench/peers/run.mjs [--peer node-llama-cpp|native] [--file FILE.gguf | --shape qwen3-0.6b --format q4_0] [-p 256] [-n 64] [--threads 2] [--rounds 5]
//   --peer native --native DIR: llama-bench, llama-batched-bench (for --streams) and llama-server built in DIR; without it, llama.cpp through node-llama-cpp
//   --node A,B: kaiyuan by these Nodes (paths), all in the same rounds; default: the Node that runs this
//   --into avx2: the results of another kind of machine, in this folder of bench/results
//   --context 4096: with as many tokens in the cache; --cache q8: keys and values in q8 (llama.cpp: q8_0); --precision exact; --streams 16: this many answers at once; --inner 3: rounds inside a process
// Before: npm run build, and one of: cd bench/peers && NODE_LLAMA_CPP_SKIP_DOWNLOAD=true npm install; or
//   cmake -S llama.cpp -B llama.cpp/build -DCMAKE_BUILD_TYPE=Release -DGGML_NATIVE=ON && cmake --build llama.cpp/build --target llama-bench llama-batched-bench llama-server
// Writes bench/results/<shape>-<format>[-p<prompt>][-<context>][-x<streams>][-<cache>][-exact][-native]-node<major>.json for each Node;
// `node tools/speed-table.mjs` puts the results into docs/speed.md.
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import { measureNative, median, nativeAnswer, nativePrograms } from './native.mjs'
import { writeSyntheticGguf } from './synthetic-gguf.mjs'

const DEFAULTS = { context: '0', streams: '1', inner: '3', cache: 'f16', precision: 'fast' }
const SPEEDS = ['prefillTokensPerSecond', 'decodeTokensPerSecond']
const here = (path) => fileURLToPath(new URL(path, import.meta.url))
const run = promisify(execFile)

const { values } = parseArgs({
  options: {
    peer: { type: 'string', default: 'node-llama-cpp' },
    native: { type: 'string', default: 'llama.cpp' },
    node: { type: 'string', default: process.execPath },
    shape: { type: 'string' },
    format: { type: 'string' },
    prompt: { type: 'string', short: 'p', default: '256' },
    new: { type: 'string', short: 'n', default: '64' },
    threads: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '5' },
    context: { type: 'string', default: DEFAULTS.context },
    streams: { type: 'string', default: DEFAULTS.streams },
    inner: { type: 'string', default: DEFAULTS.inner },
    cache: { type: 'string', default: DEFAULTS.cache },
    precision: { type: 'string', default: DEFAULTS.precision },
    file: { type: 'string' },
    out: { type: 'string' },
    into: { type: 'string', default: '.' },
  },
})
const { peer: peerName, threads, context, streams, inner, cache, precision } = values
const rounds = Number(values.rounds)
const native = peerName === 'native'
const synthetic = !values.file || values.shape !== undefined
const shape = values.shape ?? (values.file ? basename(values.file).replace(/\.gguf$/, '') : 'qwen3-0.6b')
const format = values.format ?? (values.file ? '' : 'q4_0')

const cli = here('../../dist/cli/main.js')
if (!existsSync(cli))
  throw new Error('dist/cli/main.js is missing: run `npm run build` in the root of the project first')
if (!native && !existsSync(here('node_modules/node-llama-cpp'))) {
  throw new Error('node-llama-cpp is missing: cd bench/peers && NODE_LLAMA_CPP_SKIP_DOWNLOAD=true npm install')
}
const bin = native && nativePrograms(values.native)

// With --file a file that was written before is used and kept.
const file = values.file ?? join(tmpdir(), `kaiyuan-bench-${process.pid}-${shape}-${format}.gguf`)
const numbers = { '-p': values.prompt, '-n': values.new, '--depth': context, '--streams': streams, '--rounds': inner }
const sizes = { prompt: Number(values.prompt), answer: Number(values.new), depth: Number(context) }
const settings = { file, threads, cache, inner: Number(inner), streams: Number(streams), ...sizes }
// exact keeps keys and values in f32
const form = precision === 'exact' ? ['--precision', precision] : ['--kv-cache', cache]
const own = [cli, 'bench', file, '--json', ...form, '--threads', threads, ...Object.entries(numbers).flat()]

/** Runs one contestant and returns the JSON object of its last line. */
async function lastLine(program, args) {
  const { stdout } = await run(program, args, { maxBuffer: 64 * 1024 * 1024 })
  return JSON.parse(stdout.trim().split('\n').at(-1))
}
const nodes = await Promise.all(
  values.node.split(',').map(async (path) => ({ path, version: (await run(path, ['--version'])).stdout.trim() })),
)
const contestants = {
  [native ? 'native' : 'llama']: native
    ? () => measureNative(bin, settings)
    : () => lastLine(process.execPath, [here('llama.mjs'), file, threads, ...Object.values(numbers), cache]),
  ...Object.fromEntries(nodes.map(({ path, version }) => [`kaiyuan ${version}`, () => lastLine(path, own)])),
}
const [peer, ...ours] = Object.keys(contestants)

const runs = Object.fromEntries(Object.keys(contestants).map((name) => [name, []]))
let fileBytes
let peerAnswer
try {
  fileBytes = existsSync(file) ? statSync(file).size : await writeSyntheticGguf(file, shape, format)
  for (let round = 0; round < rounds; round++) {
    // Whoever goes first changes every round: heat and caches favour none.
    const names = Object.keys(contestants)
    for (const name of round % 2 === 0 ? names : names.reverse()) {
      const result = await contestants[name]()
      for (const speed of SPEEDS)
        if (!Number.isFinite(result[speed]))
          throw new Error(`${name}: ${speed} is missing in ${JSON.stringify(result)}`)
      // Where the file lies is nobody's business.
      const named = result.model === file ? { ...result, model: basename(file) } : result
      runs[name].push({ ...named, load: loadavg()[0] })
      const [prefill, decode] = SPEEDS.map((speed) => result[speed])
      console.log(
        `${round + 1}/${rounds} ${name.padEnd(18)} prefill ${prefill.toFixed(1)} tok/s, decode ${decode.toFixed(2)} tok/s`,
      )
    }
  }
  // The ids of bench's first counted round.
  const promptIds = Array.from({ length: sizes.prompt }, (_, i) => (i * 37 + Number(streams) * 11) % 250)
  if (native && context === '0' && existsSync(join(bin, 'llama-server')))
    peerAnswer = await nativeAnswer(bin, settings, promptIds, sizes.answer)
} finally {
  if (!values.file) rmSync(file, { force: true })
}

/** Medians of all numbers that every run has; rates of reading where one stream reads all weights once a token. */
function medians(results) {
  const fields = Object.keys(results[0]).filter((field) => typeof results[0][field] === 'number' && field !== 'load')
  const all = Object.fromEntries(fields.map((field) => [field, median(results.map((result) => result[field]))]))
  if (streams === '1' && native) all.gbPerSecond ??= (all.weightBytes * all.decodeTokensPerSecond) / 1e9
  return all
}
const sha256 = (ids) => createHash('sha256').update(JSON.stringify(ids)).digest('hex')
const firstDifference = (a, b) => a.findIndex((id, i) => id !== b[i])

/** How far the greedy answers of both are the same. */
function answers(own) {
  if (!peerAnswer) return undefined
  const differs = firstDifference(peerAnswer, own)
  const same = differs < 0 ? peerAnswer.length : differs
  return { tokens: peerAnswer.length, same, sha256: { [peer]: sha256(peerAnswer), kaiyuan: sha256(own) } }
}

/** The report of one Node, with the peer's runs of the same rounds. */
function report({ version }) {
  const name = `kaiyuan ${version}`
  const result = { [peer]: medians(runs[peer]), kaiyuan: medians(runs[name]) }
  const ratio = (field) => result.kaiyuan[field] / result[peer][field]
  const extra = Object.entries({ context, streams, inner, cache, precision }).filter(
    ([key, value]) => value !== DEFAULTS[key],
  )
  const input = synthetic ? `--shape ${shape} --format ${format}` : `--file ${basename(file)}`
  const ownAnswer = answers(runs[name][0].answerIds ?? [])
  const readGbPerSecond = result.kaiyuan.readGbPerSecond
  const share = (rate) => (rate === undefined || readGbPerSecond === undefined ? undefined : rate / readGbPerSecond)
  const shares = Object.fromEntries(Object.entries(result).map(([who, m]) => [who, share(m.gbPerSecond)]))
  return {
    date: new Date().toISOString().slice(0, 10),
    machine: { cpu: cpus()[0].model.trim(), vectors: vectorsOf(), cores: cpus().length },
    node: version,
    peer: native ? `llama.cpp ${runs.native[0].version}` : nodeLlamaCpp(),
    command:
      `node bench/peers/run.mjs ${native ? '--peer native ' : ''}${input} -p ${values.prompt} -n ${values.new} ` +
      `--threads ${threads} --rounds ${rounds}${extra.map(([key, value]) => ` --${key} ${value}`).join('')}`,
    shape,
    format,
    ...(synthetic ? {} : { real: true }),
    promptTokens: sizes.prompt,
    newTokens: sizes.answer,
    context: sizes.depth,
    streams: Number(streams),
    cache,
    ...(precision !== DEFAULTS.precision && { precision }),
    threads: Number(threads),
    rounds,
    fileBytes,
    load: median(Object.values(runs).flatMap((results) => results.map((each) => each.load))),
    medians: result,
    ratios: {
      prefill: ratio('prefillTokensPerSecond'),
      decode: ratio('decodeTokensPerSecond'),
      peakRss: ratio('peakRssBytes'),
    },
    ...(streams === '1' && native && { readShares: shares }),
    ...(ownAnswer && { answers: ownAnswer }),
    runs: { [peer]: runs[peer], kaiyuan: runs[name] },
  }
}

/** The widest vectors of the processor, where Linux says what it has: processors of one name differ. */
function vectorsOf() {
  const flags = existsSync('/proc/cpuinfo') ? /^flags.*$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[0] : undefined
  const known = { avx512_vnni: 'AVX-512 with VNNI', avx512f: 'AVX-512', avx_vnni: 'AVX2 with VNNI', avx2: 'AVX2' }
  return Object.entries(known).find(([flag]) => flags?.includes(flag))?.[1]
}

function nodeLlamaCpp() {
  const { name, version } = JSON.parse(readFileSync(here('node_modules/node-llama-cpp/package.json'), 'utf8'))
  return `${name} ${version}`
}

const fileName = [
  shape,
  ...(format === '' ? [] : [format]),
  ...(sizes.prompt > 256 ? [`p${sizes.prompt}`] : []),
  ...(context === '0' ? [] : [context]),
  ...(streams === '1' ? [] : [`x${streams}`]),
  ...(cache === 'f16' ? [] : [cache]),
  ...(precision === 'fast' ? [] : [precision]),
  ...(native ? ['native'] : []),
].join('-')

console.log(`\nmedians of ${rounds} rounds, ${cpus()[0].model.trim()}, ${threads} threads`)
nodes.forEach((node, i) => {
  const result = report(node)
  const major = node.version.replace(/^v|\..*$/g, '')
  const out =
    nodes.length === 1 && values.out ? values.out : here(`../results/${values.into}/${fileName}-node${major}.json`)
  mkdirSync(join(out, '..'), { recursive: true })
  writeFileSync(out, `${JSON.stringify(result, null, 2)}\n`)
  for (const [name, m] of Object.entries(result.medians)) {
    const [prefill, decode] = SPEEDS.map((speed) => m[speed])
    const rate = m.gbPerSecond === undefined ? '' : `, ${m.gbPerSecond.toFixed(1)} GB/s`
    const of = result.readShares?.[name] === undefined ? '' : ` (${(100 * result.readShares[name]).toFixed(0)} %)`
    const memory = `peak ${(m.peakRssBytes / 1e6).toFixed(0)} MB`
    console.log(
      `${(name === 'kaiyuan' ? ours[i] : name).padEnd(18)} prefill ${prefill.toFixed(1)} tok/s, decode ${decode.toFixed(2)} tok/s${rate}${of}, ${memory}`,
    )
  }
  const { prefill, decode, peakRss } = result.ratios
  console.log(
    `kaiyuan / ${peer}: prefill ${prefill.toFixed(2)}, decode ${decode.toFixed(2)}, peak memory ${peakRss.toFixed(2)}` +
      (result.answers ? `; first ${result.answers.same} of ${result.answers.tokens} tokens are the same` : ''),
  )
})
