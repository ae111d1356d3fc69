// The page of browser.mjs: one measurement of either engine, of a file that the server has.
import { Wllama } from '@wllama/wllama'
import wasm from '@wllama/wllama/esm/wasm/wllama.wasm?url'
import { loadEngine } from '../../dist/index.js'

const ids = (count, round) => Array.from({ length: count }, (_, i) => (i * 37 + round * 11) % 250)
const median = (values) => values.sort((a, b) => a - b)[values.length >> 1]

/** As `kaiyuan bench` does it: one warm-up, then the medians of the rounds. */
async function kaiyuan({ file, threads, promptTokens, newTokens, rounds }) {
  const started = performance.now()
  const engine = await loadEngine(new URL(file, location.href).href, { threads, cacheMemory: 0 })
  const loadSeconds = (performance.now() - started) / 1000
  const [prefill, decode] = [[], []]
  for (let round = 0; round <= rounds; round++) {
    const options = { maxTokens: newTokens, ignoreEos: true, temperature: 0 }
    const { timings } = await engine.generate(ids(promptTokens, round), options).result
    if (round === 0) continue
    prefill.push(timings.prefillTokensPerSecond)
    decode.push(timings.decodeTokensPerSecond)
  }
  await engine.close()
  return { loadSeconds, prefillTokensPerSecond: median(prefill), decodeTokensPerSecond: median(decode) }
}

/** By its own timings. Its prompts are texts: letters, of which each is a token of the synthetic vocabulary, or a pair. */
async function wllama({ file, threads, promptTokens, newTokens, rounds }) {
  const quiet = { debug() {}, log() {}, warn() {}, error: console.error }
  const engine = new Wllama({ default: wasm }, { logger: quiet })
  const started = performance.now()
  const blob = await (await fetch(file)).blob()
  const context = { n_ctx: 2 * promptTokens + newTokens + 64, n_threads: threads, n_gpu_layers: 0, n_batch: 512 }
  await engine.loadModel([blob], context)
  const loadSeconds = (performance.now() - started) / 1000
  const [prefill, decode] = [[], []]
  for (let round = 0; round <= rounds; round++) {
    const letters = ids(2 * promptTokens, round).map((id) => String.fromCharCode(97 + (id % 26)))
    const options = { max_tokens: newTokens, temperature: 0, ignore_eos: true, cache_prompt: false }
    const prompt = letters.join('')
    const { timings } = await engine.createCompletion({ prompt, ...options, timings_per_token: true })
    if (round === 0 && rounds > 0) continue
    prefill.push(timings.prompt_per_second)
    decode.push(timings.predicted_per_second)
  }
  await engine.exit()
  return { loadSeconds, prefillTokensPerSecond: median(prefill), decodeTokensPerSecond: median(decode) }
}

globalThis.measure = (name, options) => ({ kaiyuan, wllama })[name](options)
