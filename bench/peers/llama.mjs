// One measurement of llama.cpp through node-llama-cpp, in a process of its own: prints one line of JSON.
// Usage: node llama.mjs FILE.gguf THREADS PROMPT_TOKENS NEW_TOKENS
import { statSync } from 'node:fs'
import { getLlama, LlamaLogLevel } from 'node-llama-cpp'

const [, , modelPath, threads, promptTokens, newTokens] = process.argv
const prompt = Number(promptTokens)
const generate = Number(newTokens)

const started = performance.now()
// 'never': the published binary, so that a missing one is an error and not a silent build.
const llama = await getLlama({ gpu: false, logLevel: LlamaLogLevel.error, build: 'never' })
const model = await llama.loadModel({ modelPath })
const context = await model.createContext({
  contextSize: prompt + 2 * generate + 64,
  threads: Number(threads),
  batchSize: 512,
})
const sequence = context.getSequence()
const loadSeconds = (performance.now() - started) / 1000

const ids = (count, step) => Array.from({ length: count }, (_, i) => (i * step + 11) % 250)
const seconds = async (work) => {
  const start = performance.now()
  await work()
  return (performance.now() - start) / 1000
}

// The file is mapped: the first pass faults its pages in, which is loading and not computing.
await sequence.evaluateWithoutGeneratingNewTokens(ids(8, 7))
await sequence.clearHistory()

const prefillSeconds = await seconds(() => sequence.evaluateWithoutGeneratingNewTokens(ids(prompt, 37)))
// Without sampling the last matrix (the vocabulary) is skipped: less work than a generated token needs.
const withoutLogitsSeconds = await seconds(async () => {
  for (const id of ids(generate, 13)) await sequence.evaluateWithoutGeneratingNewTokens([id])
})
let count = 0
let first = 0
for await (const _ of sequence.evaluate([5], { temperature: 0 })) {
  if (count++ === 0) first = performance.now()
  if (count === generate + 1) break
}
const decodeSeconds = (performance.now() - first) / 1000

console.log(
  JSON.stringify({
    loadSeconds,
    prefillTokensPerSecond: prompt / prefillSeconds,
    decodeTokensPerSecond: (count - 1) / decodeSeconds,
    decodeWithoutLogitsTokensPerSecond: generate / withoutLogitsSeconds,
    peakRssBytes: process.resourceUsage().maxRSS * 1024,
    fileBytes: statSync(modelPath).size,
  }),
)
// node-llama-cpp keeps the process alive.
process.exit(0)
