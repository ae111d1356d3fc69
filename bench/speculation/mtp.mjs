// What multi-token prediction gains on a published shape, by how often its drafts are right. Random weights draft nothing right: the layer
// is computed as ever, and then its token is replaced by the one that comes, or by another, with the chances asked for.
// Its answers are of tokens from anywhere in the vocabulary, and so are drafts; --common drafts as in a text of common tokens (draft-vocabulary.ts).
// Usage: node bench/speculation/mtp.mjs SHAPE [--common] [--acceptance 0.6,0.8,0.9,1] [-n 48] [--threads 2] [--rounds 3] (after npm run build)
//   SHAPE  as for kaiyuan bench --synthetic, of a model that has such a layer: qwen3.5-27b:q4_0:16, deepseek-v3:q4_0:4
import { parseArgs } from 'node:util'
import { loadEngineFrom } from '../../dist/engine/load.js'
import { Batch } from '../../dist/engine/schedule/batch.js'
import { draftVocabulary } from '../../dist/engine/schedule/draft-vocabulary.js'
import { Scheduler } from '../../dist/engine/schedule/scheduler.js'
import { syntheticCheckpoint } from '../../dist/models/shapes.js'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    common: { type: 'boolean', default: false },
    acceptance: { type: 'string', default: '0.6,0.8,0.9,1' },
    new: { type: 'string', short: 'n', default: '48' },
    threads: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '3' },
  },
})
const [shape] = positionals
const chances = values.acceptance.split(',').map(Number)
const median = (numbers) => [...numbers].sort((a, b) => a - b)[numbers.length >> 1]
const prompt = Array.from({ length: 32 }, (_, i) => (i * 37) % 250)

let truth
let chance = 1
let state = 1
const random = () => (state = (state * 48271) % 2147483647) / 2147483647
const { drafted } = Scheduler.prototype
Scheduler.prototype.drafted = async function (sequence) {
  const drafts = await drafted.call(this, sequence)
  const right = truth?.[sequence.tokens.length + 1 - prompt.length]
  if (drafts.length === 0 || right === undefined) return drafts
  return [random() < chance ? right : right === 0 ? 1 : right - 1]
}

if (values.common) {
  const { draft } = Batch.prototype
  Batch.prototype.draft = function (vocabSize) {
    const drafting = draft.call(this, vocabSize)
    return drafting && { ...drafting, step: { ...drafting.step, vocab: draftVocabulary([], vocabSize) } }
  }
}

const options = { speculate: 'mtp', threads: Number(values.threads), contextLength: 1024, cacheMemory: 0 }
const engine = await loadEngineFrom(syntheticCheckpoint(shape), options)
const ask = (speculate) =>
  engine.generate(prompt, { maxTokens: Number(values.new), temperature: 0, ignoreEos: true, speculate }).result
truth = (await ask('off')).ids
const ratios = new Map(chances.map((c) => [c, []]))
const plainSpeeds = []
for (let round = 0; round < Number(values.rounds); round++)
  for (chance of chances) {
    const plain = await ask('off')
    const found = await ask('mtp')
    if (found.ids.join() !== truth.join()) throw new Error('speculation changed the answer')
    plainSpeeds.push(plain.timings.decodeTokensPerSecond)
    ratios.get(chance).push(found.timings.decodeTokensPerSecond / plain.timings.decodeTokensPerSecond)
    const { drafted: tried, accepted } = found.speculation
    console.error(
      `${chance}: ${accepted} of ${tried} right, ${found.timings.decodeTokensPerSecond.toFixed(2)} tok/s, plain ${plain.timings.decodeTokensPerSecond.toFixed(2)}`,
    )
  }
console.log(
  `${shape}, Node ${process.versions.node}, ${values.threads} threads: plain ${median(plainSpeeds).toFixed(2)} tok/s`,
)
for (const [c, all] of ratios) console.log(`${(c * 100).toFixed(0)} % right: ${median(all).toFixed(2)} times plain`)
await engine.close()
process.exit()
