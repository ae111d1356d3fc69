// llama.cpp through node-llama-cpp with several sequences at once, in a process of its own: prints one line of JSON.
// Usage: node llama-batch.mjs FILE.gguf THREADS PROMPT_TOKENS NEW_TOKENS SEQUENCES
// As bench/server does with a server: every sequence is asked twice, side by side; here without HTTP between.
import { getLlama, LlamaLogLevel } from 'node-llama-cpp'

const [, , modelPath, ...numbers] = process.argv
const [threads, promptTokens, newTokens, streams] = numbers.map(Number)
const llama = await getLlama({ gpu: false, logLevel: LlamaLogLevel.error, build: 'never' })
const model = await llama.loadModel({ modelPath })
const contextSize = promptTokens + newTokens + 64
const context = await model.createContext({ contextSize, threads, sequences: streams, batchSize: 512 })

let requests = 0
async function answer(sequence) {
  await sequence.clearHistory()
  const number = ++requests
  const prompt = Array.from({ length: promptTokens }, (_, i) => (i * 37 + number * 11) % 240)
  const started = performance.now()
  let first = 0
  let count = 0
  for await (const _ of sequence.evaluate(prompt, { temperature: 0 })) {
    if (count++ === 0) first = performance.now() - started
    if (count === newTokens) break
  }
  return { first, count }
}

const sequences = Array.from({ length: streams }, () => context.getSequence())
await answer(sequences[0])
const started = performance.now()
const results = (
  await Promise.all(
    sequences.map(async (sequence) => {
      const own = []
      for (let round = 0; round < 2; round++) own.push(await answer(sequence))
      return own
    }),
  )
).flat()
const seconds = (performance.now() - started) / 1000
const sorted = results.map(({ first }) => first).sort((a, b) => a - b)
const at = (percent) => sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * percent) / 100))]
console.log(
  JSON.stringify({
    streams,
    tokensPerSecond: results.reduce((sum, { count }) => sum + count, 0) / seconds,
    firstMs: { p50: at(50), p95: at(95), p99: at(99) },
  }),
)
// node-llama-cpp keeps the process alive.
process.exit(0)
