// One measurement of llama.cpp through node-llama-cpp, in a process of its own: prints one line of JSON.
// Usage: node llama.mjs FILE.gguf THREADS PROMPT_TOKENS NEW_TOKENS [DEPTH] [STREAMS] [ROUNDS] [f16 | q8]
// The same procedure as `kaiyuan bench`: the cache is filled to the depth, then one warm-up, then the medians of some rounds
// of a prompt and a greedy answer, in all streams side by side.
import { getLlama, LlamaLogLevel } from 'node-llama-cpp'

const [, , modelPath, ...rest] = process.argv
const [numbers, cache = 'f16'] = [rest.slice(0, 6), rest[6]]
const [threads, promptTokens, newTokens, depth = 0, streams = 1, rounds = 3] = numbers.map(Number)

const started = performance.now()
// 'never': the published binary, so that a missing one is an error and not a silent build.
const llama = await getLlama({ gpu: false, logLevel: LlamaLogLevel.error, build: 'never' })
const model = await llama.loadModel({ modelPath })
const contextSize = depth + promptTokens + newTokens + 64
const options = { contextSize, threads, batchSize: 512, sequences: streams, flashAttention: true, ...cacheTypes(cache) }
const context = await model.createContext(options)
const sequences = Array.from({ length: streams }, () => context.getSequence())
const loadSeconds = (performance.now() - started) / 1000

/** What llama.cpp calls them. */
function cacheTypes(name) {
  const type = { f16: 'F16', q8: 'Q8_0' }[name]
  if (!type) throw new Error(`expected a cache of f16 or q8, found ${name}`)
  return { experimentalKvCacheKeyType: type, experimentalKvCacheValueType: type }
}

const ids = (count, round) => Array.from({ length: count }, (_, i) => (i * 37 + round * 11) % 250)
const all = (work) => Promise.all(sequences.map(work))

/** Tokens per second of the prompts, and of the answers after them. */
async function measure(round) {
  await all((sequence) => sequence.eraseContextTokenRanges([{ start: depth, end: sequence.nextTokenIndex }]))
  const start = performance.now()
  await all((sequence, stream) =>
    sequence.evaluateWithoutGeneratingNewTokens(ids(promptTokens, round * streams + stream)),
  )
  const prefilled = performance.now()
  await all(async (sequence) => {
    let count = 0
    for await (const _ of sequence.evaluate([5], { temperature: 0 })) if (++count === newTokens) return
    throw new Error(`the answer ended after ${count} of ${newTokens} tokens`)
  })
  const seconds = (performance.now() - prefilled) / 1000
  return { prefill: (promptTokens * streams * 1000) / (prefilled - start), decode: (newTokens * streams) / seconds }
}

if (depth > 0) await all((sequence, stream) => sequence.evaluateWithoutGeneratingNewTokens(ids(depth, 100 + stream)))
const speeds = []
for (let round = 0; round <= rounds; round++) {
  const speed = await measure(round)
  if (round > 0) speeds.push(speed)
}
const median = (values) => values.sort((a, b) => a - b)[values.length >> 1]
console.log(
  JSON.stringify({
    loadSeconds,
    prefillTokensPerSecond: median(speeds.map(({ prefill }) => prefill)),
    decodeTokensPerSecond: median(speeds.map(({ decode }) => decode)),
    peakRssBytes: process.resourceUsage().maxRSS * 1024,
  }),
)
// node-llama-cpp keeps the process alive.
process.exit(0)
