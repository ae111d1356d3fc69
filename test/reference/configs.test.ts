import { readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { openConfigOnly } from '../../src/checkpoint/config-only.js'
import { nodeFiles } from '../../src/checkpoint/files/node.js'
import { planLoad, type LoadPlan } from '../../src/engine/measure/plan.js'
import { UserError } from '../../src/errors.js'
import { buildProgram } from '../../src/models/registry.js'
import { reference } from './folder.js'

const folder = reference('real/configs')

/** Billions of parameters, all and those that one token uses, as the labs or their papers state them. */
type Counts = readonly [total: number, active: number]

/** A model that is refused says why; when it is supported it has the counts that are given. */
interface Refused {
  readonly reason: RegExp
  readonly counts: Counts
}
const refused = (reason: RegExp, ...counts: Counts): Refused => ({ reason, counts })
const otherType = (...counts: Counts): Refused =>
  refused(/expected a supported architecture \(.*\); found "/, ...counts)

/** Every published config that there is to test with. A new architecture moves its rows from refused to counts. */
const PUBLISHED: Record<string, Counts | Refused> = {
  // stated as 10
  'MiniMaxAI--MiniMax-M2.5': [230, 10.4],
  'MiniMaxAI--MiniMax-M2.7': [230, 10.4],
  'MiniMaxAI--MiniMax-M3': otherType(428, 22),
  'Qwen--Qwen3-0.6B': [0.596, 0.596],
  'Qwen--Qwen3-1.7B': [1.72, 1.72],
  'Qwen--Qwen3-235B-A22B': [235, 22],
  'Qwen--Qwen3-235B-A22B-FP8': [235, 22],
  'Qwen--Qwen3-30B-A3B': [30.5, 3],
  'Qwen--Qwen3-30B-A3B-FP8': [30.5, 3],
  'Qwen--Qwen3-32B': [32.8, 32],
  'Qwen--Qwen3-32B-FP8': [32.8, 32],
  'Qwen--Qwen3-32B-FP8-Static-PerTensor': [32.8, 32],
  'Qwen--Qwen3-8B': [8.19, 7.57],
  'Qwen--Qwen3-Coder-480B-A35B-Instruct': [480, 35],
  'Qwen--Qwen3-VL-235B-A22B-Instruct': otherType(235, 22),
  'Qwen--Qwen3-VL-2B-Instruct': otherType(1.72, 1.72),
  'Qwen--Qwen3-VL-30B-A3B-Instruct': otherType(30.5, 3),
  'Qwen--Qwen3-VL-32B-Instruct': otherType(32.8, 32),
  'Qwen--Qwen3-VL-32B-Thinking': otherType(32.8, 32),
  'Qwen--Qwen3-VL-4B-Instruct': otherType(4.02, 4.02),
  'Qwen--Qwen3-VL-8B-Instruct': otherType(8.19, 7.57),
  // stated as 10, with the embedding
  'Qwen--Qwen3.5-122B-A10B': [122, 9.01],
  'Qwen--Qwen3.5-27B': [27, 26],
  'Qwen--Qwen3.5-35B-A3B': [35, 3],
  'Qwen--Qwen3.5-397B-A17B': [397, 17],
  'XiaomiMiMo--MiMo-7B-Base': otherType(7.6, 7),
  'XiaomiMiMo--MiMo-V2-Flash': otherType(309, 15),
  'deepseek-ai--DeepSeek-R1': [671, 37],
  'deepseek-ai--DeepSeek-V3': [671, 37],
  'deepseek-ai--DeepSeek-V3.2': [671, 37],
  'deepseek-ai--DeepSeek-V4-Flash': [284, 13],
  'deepseek-ai--DeepSeek-V4-Pro': [1600, 49],
  'google--gemma-4-26B-A4B': otherType(26, 3.8),
  // stated as 17, with the embedding
  'meta-llama--Llama-4-Maverick-17B-128E-Instruct': [400, 16.1],
  'meta-llama--Llama-4-Scout-17B-16E-Instruct': [109, 16.1],
  'meta-llama--Meta-Llama-3.1-405B': [406, 404],
  'meta-llama--Meta-Llama-3.1-70B': [70.6, 69.5],
  'meta-llama--Meta-Llama-3.1-8B': [8.03, 7.5],
  'mistralai--Mixtral-8x22B-v0.1': [141, 39],
  'mistralai--Mixtral-8x7B-v0.1': [46.7, 12.9],
  'moonshotai--Kimi-K2-Instruct': [1030, 32],
  'moonshotai--Kimi-K2.5': [1030, 32],
  // as NVIDIA counts what a token touches; Moonshot's blog says about 50
  'moonshotai--Kimi-K3': [2800, 104],
  'nvidia--Llama-3.1-70B-Instruct-FP8': [70.6, 69.5],
  'nvidia--Llama-3_3-Nemotron-Super-49B-v1': otherType(49, 49),
  'nvidia--NVIDIA-Nemotron-3-Nano-30B-A3B-BF16': otherType(31, 3),
  'nvidia--NVIDIA-Nemotron-3-Super-120B-A12B-FP8': otherType(120, 12),
  'nvidia--NVIDIA-Nemotron-3-Ultra-550B-A55B-BF16': otherType(550, 55),
  'nvidia--NVIDIA-Nemotron-3-Ultra-550B-A55B-FP8': otherType(550, 55),
  'nvidia--Nemotron-H-56B-Base-8K': otherType(56, 56),
  'openai--gpt-oss-120b': [117, 5.1],
  'openai--gpt-oss-20b': [20.9, 3.6],
  'sgl-project--DeepSeek-V4-Flash-FP8': otherType(284, 13),
  'sgl-project--DeepSeek-V4-Pro-FP8': otherType(1600, 49),
  'stepfun-ai--Step-3.7-Flash': otherType(196, 11),
  'stepfun-ai--Step-3.7-Flash-FP8': otherType(196, 11),
  'zai-org--GLM-5': [744, 40],
  'zai-org--GLM-5-FP8': [744, 40],
  'zai-org--GLM-5.1': [744, 40],
  'zai-org--GLM-5.1-FP8': [744, 40],
  'zai-org--GLM-5.2': [744, 40],
  'zai-org--GLM-5.2-FP8': [744, 40],
}

/** Published numbers are rounded. */
const TOLERANCE = 0.04

async function plan(name: string): Promise<LoadPlan | UserError> {
  try {
    const checkpoint = await openConfigOnly(await nodeFiles(`${folder}/${name}_config.json`))
    return await planLoad(await buildProgram(checkpoint), checkpoint, { bandwidth: 1e11 })
  } catch (error) {
    // Anything else is a bug: nobody wants to see a stack trace for a model that is not supported.
    if (error instanceof UserError) return error
    throw error
  }
}

describe('published configs', () => {
  it('are all in the table', () => {
    const files = readdirSync(folder).map((file) => file.replace('_config.json', ''))
    expect(files.sort()).toEqual(Object.keys(PUBLISHED).sort())
  })

  it.each(Object.entries(PUBLISHED))('%s has its parameters, or a reason', async (name, expected) => {
    const found = await plan(name)
    if (found instanceof UserError) {
      if (!('reason' in expected)) throw found
      expect(found.message).toMatch(expected.reason)
      return
    }
    const [total, active] = 'reason' in expected ? expected.counts : expected
    expect(Math.abs(found.parameters / 1e9 / total - 1), `${found.parameters} of ${total} B`).toBeLessThan(TOLERANCE)
    expect(
      Math.abs(found.activeParameters / 1e9 / active - 1),
      `${found.activeParameters} of ${active} B`,
    ).toBeLessThan(TOLERANCE)
    expect(found.weightBytes).toBeGreaterThan(found.parameters / 2)
    expect(found.activeWeightBytes).toBeLessThanOrEqual(found.weightBytes)
    expect(found.decodeTokensPerSecond).toBeCloseTo(1e11 / (found.activeWeightBytes + 2 * found.stateBytes))
  })
})
