// One measurement of llama.cpp through node-llama-cpp, in a process of its own: prints one line of JSON.
// Usage: node llama.mjs FILE.gguf THREADS PROMPT_TOKENS NEW_TOKENS
// The same procedure as `kaiyuan bench`: one warm-up, then the medians of three rounds of a prompt and a greedy answer.
import { getLlama, LlamaLogLevel } from 'node-llama-cpp'

const ROUNDS = 3
const [, , modelPath, ...numbers] = process.argv
const [threads, promptTokens, newTokens] = numbers.map(Number)

const started = performance.now()
// 'never': the published binary, so that a missing one is an error and not a silent build.
const llama = await getLlama({ gpu: false, logLevel: LlamaLogLevel.error, build: 'never' })
const model = await llama.loadModel({ modelPath })
const contextSize = promptTokens + newTokens + 64
const context = await model.createContext({ contextSize, threads, batchSize: Math.min(512, contextSize) })
const sequence = context.getSequence()
const loadSeconds = (performance.now() - started) / 1000

/** Tokens per second of the prompt, and of the answer from its first token to its last. */
async function round(index) {
  await sequence.clearHistory()
  const prompt = Array.from({ length: promptTokens }, (_, i) => (i * 37 + index * 11) % 250)
  const start = performance.now()
  await sequence.evaluateWithoutGeneratingNewTokens(prompt)
  const prefillSeconds = (performance.now() - start) / 1000
  let count = 0
  let first = 0
  for await (const _ of sequence.evaluate([5], { temperature: 0 })) {
    if (count++ === 0) first = performance.now()
    if (count === newTokens) break
  }
  if (count < newTokens) throw new Error(`the answer ended after ${count} of ${newTokens} tokens`)
  return {
    prefill: promptTokens / prefillSeconds,
    decode: (count - 1) / ((performance.now() - first) / 1000),
  }
}

const rounds = []
for (let index = 0; index <= ROUNDS; index++) {
  const speeds = await round(index)
  if (index > 0) rounds.push(speeds)
}
const median = (values) => values.sort((a, b) => a - b)[values.length >> 1]
console.log(
  JSON.stringify({
    loadSeconds,
    prefillTokensPerSecond: median(rounds.map(({ prefill }) => prefill)),
    decodeTokensPerSecond: median(rounds.map(({ decode }) => decode)),
    peakRssBytes: process.resourceUsage().maxRSS * 1024,
  }),
)
// node-llama-cpp keeps the process alive.
process.exit(0)
