import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { PAGE_SIZE } from '../../src/backends/backend.js'
import { cpuBackend } from '../../src/backends/cpu/cpu.js'
import { holdsOnlyConfig, openConfigOnly } from '../../src/checkpoint/config-only.js'
import { nodeFiles } from '../../src/checkpoint/files/node.js'
import { openCheckpoint } from '../../src/models/open.js'
import { syntheticCheckpoint } from '../../src/models/shapes.js'
import { planLoad } from '../../src/engine/measure/plan.js'
import { buildProgram } from '../../src/models/registry.js'
import { loadRunner } from '../runner.js'
import { parseJsonObject } from '../../src/json.js'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** Published checkpoints in every kind of format that a config can announce. */
const FOLDERS = [
  'models/mini',
  ...['kimi-k2', 'kimi-k2-thinking', 'llama3', 'qwen3'].map((n) => `test/fixtures/golden/${n}`),
]

let folder = ''
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'kaiyuan-plan-'))))
afterAll(() => rm(folder, { recursive: true, force: true }))

it('plans about half the memory for a cache in q8', async () => {
  const checkpoint = syntheticCheckpoint('qwen3-0.6b:q4_0')
  const program = await buildProgram(checkpoint)
  const [f16, q8] = [await planLoad(program, checkpoint), await planLoad(program, checkpoint, { kvCache: 'q8' })]
  expect(q8.cacheBytesPer1000Tokens / f16.cacheBytesPer1000Tokens).toBe(34 / 64)
  await checkpoint.close()
})

it('takes for a cache in q8 what was planned', async () => {
  const checkpoint = await openCheckpoint(await nodeFiles(`${root}test/fixtures/golden/qwen3`))
  const program = await buildProgram(checkpoint)
  const plan = await planLoad(program, checkpoint, { kvCache: 'q8' })
  const options = { precision: 'fast', kvCache: 'q8', threads: 1, stepTokens: 8, maxLogitRows: 1 } as const
  const runner = await loadRunner(cpuBackend, program, checkpoint, options)
  expect(plan.cacheBytesPer1000Tokens).toBe((runner.pageBytes * 1000) / PAGE_SIZE)
  await runner.close()
  await checkpoint.close()
})

it('refuses a cache in q8 where heads share a row', async () => {
  const checkpoint = await openCheckpoint(await nodeFiles(`${root}models/mini`))
  const program = await buildProgram(checkpoint)
  await expect(planLoad(program, checkpoint, { kvCache: 'q8' })).rejects.toThrow(
    /kvCache: 'q8' needs layers with keys and values for each head; found mlaAttention.*; leave out kvCache/,
  )
  await checkpoint.close()
})

describe.each(FOLDERS)('%s', (name) => {
  it.each([
    { precision: 'fast' },
    { precision: 'exact' },
    { precision: 'fast', quantize: 'q4' },
    { precision: 'fast', quantize: 'q5' },
    { precision: 'fast', quantize: 'q6' },
    { precision: 'fast', quantize: 'q8' },
  ] as const)('takes in memory what was planned, %o', async (options) => {
    const checkpoint = await openCheckpoint(await nodeFiles(root + name))
    const program = await buildProgram(checkpoint)
    const plan = await planLoad(program, checkpoint, options)
    const runner = await loadRunner(cpuBackend, program, checkpoint, {
      ...options,
      threads: 1,
      stepTokens: 8,
      maxLogitRows: 1,
    })
    expect(plan.weightBytes).toBe(runner.weightBytes)
    expect(plan.activeWeightBytes).toBe(runner.activeWeightBytes)
    expect(plan.cacheBytesPer1000Tokens).toBe((runner.pageBytes * 1000) / PAGE_SIZE)
    expect(plan.stateBytes).toBe(runner.slotBytes)
    expect(plan.refusal).toBeUndefined()
    await runner.close()
    await checkpoint.close()
  })

  it('is planned from its config as from its weights', async () => {
    const path = join(folder, 'config.json')
    await writeFile(path, await readFile(`${root}${name}/config.json`))
    expect(await holdsOnlyConfig(await nodeFiles(folder))).toBe(true)
    expect(await holdsOnlyConfig(await nodeFiles(root + name))).toBe(false)
    const whole = await openCheckpoint(await nodeFiles(root + name))
    const alone = await openConfigOnly(await nodeFiles(path))
    const [a, b] = [await planLoad(await buildProgram(whole), whole), await planLoad(await buildProgram(alone), alone)]
    expect(b.parameters).toBe(a.parameters)
    expect(b.activeParameters).toBe(a.activeParameters)
    expect(Math.abs(b.weightBytes / a.weightBytes - 1)).toBeLessThan(0.02)
    const bytes = (plan: typeof a): number => Object.values(plan.bytesByFormat).reduce((x, y) => x + y, 0)
    expect(Math.abs(bytes(b) / bytes(a) - 1)).toBeLessThan(0.02)
    await expect(alone.tensor('model.norm.weight', [4]).readRows(0, 1)).rejects.toThrow(/a config alone/)
    await whole.close()
  })
})

it.each([
  [{ moe_intermediate_size: 65536 }, undefined],
  [{ moe_intermediate_size: 262144, n_shared_experts: 0 }, /^an expert of layer 1 needs .* GB/],
  [{ intermediate_size: 262144 }, /^layer 0 needs, with its cache, .* GB/],
])('says when what cannot be divided is larger than a memory: %o', async (sizes, refusal) => {
  const config = { ...(JSON.parse(await readFile(`${root}models/mini/config.json`, 'utf8')) as object) }
  const path = join(folder, 'large.json')
  await writeFile(path, JSON.stringify({ ...config, hidden_size: 8192, ...sizes }))
  const checkpoint = await openConfigOnly(await nodeFiles(path))
  const plan = await planLoad(await buildProgram(checkpoint), checkpoint)
  if (refusal) expect(plan.refusal?.message).toMatch(refusal)
  else expect(plan.refusal).toBeUndefined()
})

it('reads the infinities that Python writes, and leaves strings alone', () => {
  const parse = (text: string): unknown => parseJsonObject(new TextEncoder().encode(text), 'config.json')
  expect(parse('{"a": [0.0, Infinity], "b": -Infinity, "c": NaN, "NaN": "a \\" Infinity"}')).toEqual({
    ...{ a: [0, null], b: null, c: null },
    NaN: 'a " Infinity',
  })
  expect(() => parse('{"a": Infinit}')).toThrow(/expected JSON/)
})
