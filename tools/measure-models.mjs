// Measures what docs/models.md states, and writes it there. Run after `npm run build`:
//   node tools/measure-models.mjs [--only goldens | kv-cache] [--tinystories FOLDER] [--threads 2] [--dry]
// 1. every golden checkpoint: its architecture, the file that builds it, the formats that it is stored in, the largest
//    difference from the golden logits in exact, on the reference and the cpu backend, and whether the greedy tokens agree;
// 2. fast against exact: perplexity, KL divergence and greedy agreement, on the embedded model and on TinyStories-656K
//    (a Llama in F32, not part of this project: give its folder), as published and rounded to INT4;
// 3. the embedded model's accuracy on its held-out samples.
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { PAGE_SIZE } from '../dist/backends/backend.js'
import { cpuBackend } from '../dist/backends/cpu/cpu.js'
import { referenceBackend } from '../dist/backends/reference/reference.js'
import { nodeFiles } from '../dist/checkpoint/files/node.js'
import { memoryFiles, memorySource } from '../dist/checkpoint/files/memory.js'
import { readSafetensorsHeader } from '../dist/checkpoint/safetensors/header.js'
import { openCheckpoint } from '../dist/models/open.js'
import { planLoad } from '../dist/engine/measure/plan.js'
import { loadEngine } from '../dist/index.js'
import { buildProgram } from '../dist/models/registry.js'
import { int4Checkpoint } from './int4-checkpoint.mjs'
import { table, writeSection } from './measured-section.mjs'

const { values: args } = parseArgs({
  options: {
    only: { type: 'string' },
    tinystories: { type: 'string' },
    threads: { type: 'string', default: '2' },
    dry: { type: 'boolean' },
  },
})
const threads = Number(args.threads)
const here = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url))

/** Tensors of golden.safetensors: ids [T] and logits [T, V], and a prompt with the ids that follow it. */
async function readGolden(file) {
  const source = memorySource(file, new Uint8Array(readFileSync(file)))
  const entries = await readSafetensorsHeader(source)
  const bytes = async (name) => {
    const { start, end } = entries.get(name)
    return new Uint8Array(await source.read(start, end - start)).buffer
  }
  const integers = async (name) => Array.from(new BigInt64Array(await bytes(name)), Number)
  return {
    ids: await integers('ids'),
    prompt: await integers('prompt'),
    greedy: await integers('greedy'),
    logits: new Float32Array(await bytes('logits')),
  }
}

async function withEngine(model, options, work) {
  const engine = await loadEngine(model, options)
  try {
    return await work(engine)
  } finally {
    await engine.close()
  }
}

/** Logits [T, V] of one step, without a tokenizer: golden checkpoints have none that matters. */
async function exactLogits(path, backend, ids) {
  const checkpoint = await openCheckpoint(await nodeFiles(path))
  const T = ids.length
  const options = { precision: 'exact', stepTokens: T, maxLogitRows: T, cpu: { threads } }
  const runner = await backend.load(await buildProgram(checkpoint), checkpoint, options)
  const pages = Math.ceil(T / PAGE_SIZE)
  await runner.reservePages(pages)
  await runner.reserveSlots(1)
  const count = Int32Array.from(ids, (_, i) => i)
  const { done } = runner.submit({
    tokens: Int32Array.from(ids),
    positions: count,
    sequences: new Int32Array(T),
    pageTables: [count.slice(0, pages)],
    slots: Int32Array.of(0),
    logitRows: count,
  })
  const { rows } = await done
  const copy = Float32Array.from(rows.flatMap(({ logits }) => Array.from(logits)))
  await runner.close()
  await checkpoint.close()
  return copy
}

/** The file that defines a model_type. */
function definitionOf(modelType) {
  const folder = here('src/models')
  const file = readdirSync(folder)
    .filter((name) => name.endsWith('.ts'))
    .find((name) => {
      const lists = readFileSync(join(folder, name), 'utf8').match(/modelTypes: \[[^\]]*\]/g) ?? []
      return lists.some((list) => list.includes(`'${modelType}'`))
    })
  return file ? `\`${file}\`` : 'not found'
}

/** model_type and stored formats of a checkpoint, by its headers. */
async function factsOf(path) {
  const checkpoint = await openCheckpoint(await nodeFiles(path))
  const { bytesByFormat } = await planLoad(await buildProgram(checkpoint), checkpoint)
  const modelType = String(checkpoint.config['model_type'])
  await checkpoint.close()
  return { modelType, formats: Object.keys(bytesByFormat).sort().join(', ') }
}

const greedyAgrees = ({ prompt, greedy }, path) =>
  withEngine(path, { precision: 'exact', threads }, async (engine) => {
    const options = { maxTokens: greedy.length, ignoreEos: true, temperature: 0 }
    return (await engine.generate(prompt, options).result).ids.join() === greedy.join()
  })

async function goldenRows() {
  const rows = []
  for (const kind of ['golden', 'golden-gguf']) {
    for (const name of readdirSync(here(`test/fixtures/${kind}`)).sort()) {
      const folder = here(`test/fixtures/${kind}/${name}`)
      const gguf = join(folder, 'model.gguf')
      const path = existsSync(gguf) ? gguf : folder
      const golden = await readGolden(join(folder, 'golden.safetensors'))
      const error = async (backend) => {
        const found = await exactLogits(path, backend, golden.ids)
        return found.reduce((most, value, i) => Math.max(most, Math.abs(value - golden.logits[i])), 0)
      }
      const { modelType, formats } = await factsOf(path)
      const errors = [await error(referenceBackend), await error(cpuBackend)].map((most) => most.toExponential(1))
      const same = (await greedyAgrees(golden, path)) ? `${golden.greedy.length} of ${golden.greedy.length}` : 'DIFFER'
      rows.push([`\`${kind}/${name}\``, `\`${modelType}\``, definitionOf(modelType), formats, ...errors, same])
      console.log(rows.at(-1).join('  '))
    }
  }
  return rows
}

function writeGoldens(rows) {
  if (args.dry) return
  const head = ['checkpoint', 'built as', 'by', 'stored in', 'reference', `cpu, ${threads} threads`, 'greedy tokens']
  writeSection('docs/models.md', 'goldens', [
    ...table(head, rows),
    '',
    'Verified by these: arithmetic, names, layouts and formats, in tiny models. Not verified: any checkpoint of published size.',
  ])
}

/** log softmax of each row, as f64. */
function logProbabilities(row) {
  const most = row.reduce((a, b) => Math.max(a, b), -Infinity)
  const sum = row.reduce((total, logit) => total + Math.exp(logit - most), 0)
  return Float64Array.from(row, (logit) => logit - most - Math.log(sum))
}
const argmax = (row) => row.reduce((best, value, i) => (value > row[best] ? i : best), 0)

/** Both precisions read the same tokens; every position but the last predicts its successor. */
async function compare(model, sequences, kvCache) {
  const collect = (options) =>
    withEngine(model, { ...options, threads }, async (engine) => {
      const all = []
      for (const ids of sequences) all.push(await engine.logits(ids))
      return { all, vocabulary: engine.info.vocabSize }
    })
  const exact = await collect({ precision: 'exact' })
  const fast = await collect({ precision: 'fast', ...(kvCache && { kvCache }) })
  let [tokens, same, divergence, exactLoss, fastLoss] = [0, 0, 0, 0, 0]
  sequences.forEach((ids, s) => {
    for (let t = 0; t + 1 < ids.length; t++) {
      const row = (from) => from.all[s].subarray(t * from.vocabulary, (t + 1) * from.vocabulary)
      const [p, q] = [logProbabilities(row(exact)), logProbabilities(row(fast))]
      exactLoss -= p[ids[t + 1]]
      fastLoss -= q[ids[t + 1]]
      divergence += p.reduce((sum, lp, i) => sum + Math.exp(lp) * (lp - q[i]), 0)
      same += argmax(p) === argmax(q) ? 1 : 0
      tokens++
    }
  })
  return {
    tokens,
    exact: Math.exp(exactLoss / tokens),
    fast: Math.exp(fastLoss / tokens),
    divergence: divergence / tokens,
    agreement: same / tokens,
  }
}

const COMPARED = ['cache', 'tokens', 'perplexity, exact', 'perplexity, fast', 'KL, nats', 'same greedy token']

function comparisonRow(name, { tokens, exact, fast, divergence, agreement }) {
  const change = ((fast / exact - 1) * 100).toFixed(2)
  const row = [
    name,
    String(tokens),
    exact.toFixed(4),
    `${fast.toFixed(4)} (${change.startsWith('-') ? '' : '+'}${change} %)`,
    divergence.toExponential(1),
    `${(agreement * 100).toFixed(2)} %`,
  ]
  console.log(row.join('  '))
  return row
}

const heldout = () =>
  readFileSync(here('models/mini/heldout.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))

/** The held-out conversations with the answers that the generator computed. */
function miniSequences() {
  return withEngine(here('models/mini'), { threads }, (engine) =>
    heldout().map(({ prompt, reasoning, answer }) => {
      const asked = engine.template.render([{ role: 'user', content: prompt }], { addGenerationPrompt: true })
      const text = `${asked}${reasoning}</think>${answer}`
      return [
        ...engine.tokenizer.encode(text, { addSpecial: false, parseSpecial: true }),
        ...engine.info.stopIds.slice(0, 1),
      ]
    }),
  )
}

/** Right answers per task, greedy, in fast, versus what the training's own evaluation got. */
async function miniAccuracy() {
  const published = JSON.parse(readFileSync(here('models/mini/eval.json'), 'utf8')).accuracy
  const right = new Map()
  await withEngine(here('models/mini'), { precision: 'fast', threads }, async (engine) => {
    for (const { task, prompt, answer } of heldout()) {
      const options = { temperature: 0, maxTokens: 480 }
      const { text } = await engine.chat([{ role: 'user', content: prompt }], options).result
      right.set(task, [...(right.get(task) ?? []), text.trim() === answer.trim() ? 1 : 0])
    }
  })
  const percent = (share) => `${(share * 100).toFixed(1)} %`
  const mean = (numbers) => numbers.reduce((a, b) => a + b, 0) / numbers.length
  const rows = [...right].map(([task, hits]) => [
    task,
    String(hits.length),
    percent(published[task]),
    percent(mean(hits)),
  ])
  const total = [...right.values()].flat()
  const foreseen = [...right.keys()].map((task) => published[task])
  rows.push(['all', String(total.length), percent(mean(foreseen)), percent(mean(total))])
  for (const row of rows) console.log(row.join('  '))
  return rows
}

/** Stories that the exact model itself samples at temperature 1, so that no text has to be brought. */
function ownStories(folder) {
  return withEngine(folder, { precision: 'exact', threads }, async (engine) => {
    const stories = []
    for (let seed = 1; seed <= 64; seed++) {
      const prompt = engine.encode('Once upon a time')
      const options = { temperature: 1, topK: 0, topP: 1, minP: 0, repetitionPenalty: 1, seed, maxTokens: 256 }
      const { ids } = await engine.generate(prompt, options).result
      stories.push([...prompt, ...ids])
    }
    return stories
  })
}

if (args.only === 'goldens') {
  writeGoldens(await goldenRows())
  process.exit(0)
}
/** The Llama that is not part of this project, and what it says. */
async function tinyStories(folder) {
  const names = [
    'config.json',
    'model.safetensors',
    'tokenizer.json',
    'tokenizer_config.json',
    'generation_config.json',
  ]
  const files = Object.fromEntries(
    names
      .filter((name) => existsSync(join(folder, name)))
      .map((name) => [name, new Uint8Array(readFileSync(join(folder, name)))]),
  )
  const published = memoryFiles('tinystories-656k', files)
  return { files, published, stories: await ownStories(published) }
}

if (args.only === 'kv-cache') {
  if (!args.tinystories) throw new Error('--only kv-cache needs --tinystories FOLDER')
  const { published, stories } = await tinyStories(args.tinystories)
  const rows = []
  for (const kvCache of ['f16', 'q8']) rows.push(comparisonRow(kvCache, await compare(published, stories, kvCache)))
  if (!args.dry)
    writeSection('docs/models.md', 'kv-cache', [
      '### Caches in `fast`, TinyStories-656K (F32), its own stories',
      '',
      ...table(COMPARED, rows),
    ])
  process.exit(0)
}
const comparisons = [
  comparisonRow('mini (FP8), held-out samples', await compare(here('models/mini'), await miniSequences())),
]
if (args.tinystories) {
  const { files, published, stories } = await tinyStories(args.tinystories)
  comparisons.push(comparisonRow('TinyStories-656K (F32), its own stories', await compare(published, stories)))
  const rounded = memoryFiles('tinystories-656k-int4', int4Checkpoint(files))
  comparisons.push(comparisonRow('TinyStories-656K (INT4), the same stories', await compare(rounded, stories)))
} else {
  console.log('TinyStories-656K is left out: give its folder with --tinystories')
}
const accuracy = await miniAccuracy()
writeGoldens(await goldenRows())
if (!args.dry) {
  writeSection('docs/models.md', 'models', [
    '### `fast` against `exact`, on the cpu backend',
    '',
    ...table(['model and text', ...COMPARED.slice(1)], comparisons),
    '',
    '### The embedded model on its held-out samples',
    '',
    ...table(['task', 'samples', 'whole text, in training', 'answer, kaiyuan in fast'], accuracy),
  ])
}
