// The host's share of a token: choosing it from a row of logits, milliseconds (medians of 40), by vocabulary and settings.
// Usage: node bench/kernels/sample.mjs [VOCABULARY]; the logits are normal, so that many tokens may come: real ones take less.
import { GREEDY, sample } from '../../dist/engine/sample/sampler.js'
import { random } from './bench.mjs'

const SETTINGS = {
  greedy: {},
  'temperature 1': { temperature: 1 },
  'top-p 0.95': { temperature: 1, topP: 0.95 },
  'top-k 64, top-p 0.95': { temperature: 1, topK: 64, topP: 0.95 },
  'min-p 0.05': { temperature: 1, minP: 0.05 },
  'top-k 20, repetition penalty': { temperature: 0.7, topK: 20, topP: 0.8, repetitionPenalty: 1.05 },
}

const next = random(5)
/** Two logits of a normal distribution (Box and Muller); random() is uniform in [-1, 1). */
const normal = () => 2.5 * Math.sqrt(-2 * Math.log((next() + 1) / 2 + 1e-9)) * Math.cos(Math.PI * next())

for (const size of process.argv[2] ? [Number(process.argv[2])] : [49_152, 151_936, 262_144]) {
  const rows = Array.from({ length: 4 }, () =>
    Float32Array.from({ length: size }, (_, id) => (id === 99 ? 15 : normal())),
  )
  for (const [name, settings] of Object.entries(SETTINGS)) {
    const times = []
    for (let i = 0; i < 60; i++) {
      const began = performance.now()
      sample(rows[i % 4], { ...GREEDY, ...settings }, [1, 2, 3], (i + 0.5) / 60)
      if (i >= 20) times.push(performance.now() - began)
    }
    const median = times.sort((a, b) => a - b)[20]
    console.log(`${String(size).padStart(7)}  ${name.padEnd(28)} ${median.toFixed(3)} ms`)
  }
}
