// Writes what another engine says of this suite's text, NAME.json: llama.cpp, with weights, activations and cache in float32.
//   pip install gguf==0.19.0; npm install node-llama-cpp in bench/peers (its README says how)
//   node test/models-real/record.mjs NAME FILE.gguf [POSITIONS]
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url))
const peers = createRequire(path('../../bench/peers/package.json'))
const { getLlama, LlamaLogLevel } = await import(pathToFileURL(peers.resolve('node-llama-cpp')).href)

const [name, file, positions = '1000'] = process.argv.slice(2)
const text = readFileSync(path('text.txt'), 'utf8')
const rounded = (value, digits) => Number(value.toFixed(digits))

/** Of each position: log p of the token that follows in the text, the likeliest token, and how far the second is below it. */
async function judgements(modelPath) {
  const llama = await getLlama({ gpu: false, logLevel: LlamaLogLevel.error, build: 'never' })
  const model = await llama.loadModel({ modelPath })
  const tokens = [...model.tokenize(text)]
  const ids = (model.tokens.shouldPrependBosToken ? [model.tokens.bos, ...tokens] : tokens).slice(
    0,
    Number(positions) + 1,
  )
  const context = await model.createContext({
    contextSize: ids.length + 8,
    flashAttention: false,
    experimentalKvCacheKeyType: 'F32',
    experimentalKvCacheValueType: 'F32',
  })
  const asked = ids.slice(0, -1).map((id, i) => {
    const logits = { filter: { tokens: [ids[i + 1]], includeTop: 2 } }
    return [id, { generateNext: { logits, totalLogitWeight: true } }]
  })
  const rows = await context.getSequence().controlledEvaluate(asked)
  const [logprobs, best, leads] = [[], [], []]
  rows.forEach(({ next }, i) => {
    const [[first, most], [, second]] = [...next.logits].sort(([, a], [, b]) => b - a)
    logprobs.push(rounded(next.logits.get(ids[i + 1]) - most - Math.log(next.totalLogitWeight), 5))
    best.push(first)
    leads.push(rounded(most - second, 5))
  })
  return { engine: `llama.cpp ${llama.llamaCppRelease.release}`, ids, logprobs, best, leads }
}

const folder = mkdtempSync(join(tmpdir(), 'kaiyuan-record-'))
try {
  const f32 = join(folder, 'f32.gguf')
  execFileSync('python3', [path('../../tools/oracle/f32_gguf.py'), file, f32], { stdio: 'inherit' })
  const values = await judgements(f32)
  const lines = Object.entries(values).map(([key, value]) => `  ${JSON.stringify(key)}: ${JSON.stringify(value)}`)
  writeFileSync(path(`${name}.json`), `{\n${lines.join(',\n')}\n}\n`)
  console.log(`${name}.json: ${values.best.length} positions`)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
process.exit(0)
