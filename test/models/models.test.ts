import { describe, expect, it } from 'vitest'
import { memoryFiles } from '../../src/checkpoint/files/memory.js'
import { openCheckpoint } from '../../src/models/open.js'
import { UserError } from '../../src/errors.js'
import type { Program } from '../../src/graph/program.js'
import { build, fixture, type Config } from './fixtures.js'

/** The message of the UserError that a call must end with. */
async function refusal(call: Promise<unknown>): Promise<string> {
  const error: unknown = await call.then(
    () => undefined,
    (e: unknown) => e,
  )
  expect(error).toBeInstanceOf(UserError)
  return (error as UserError).message
}

describe('architectures', () => {
  const { config, files } = fixture('qwen3')

  it('names what is supported, and the nearest', async () => {
    const message = await refusal(build(files, { ...config, model_type: 'qwen33' }))
    expect(message).toContain('expected a supported architecture (DeepSeek V2 to V4, ')
    expect(message).toContain('found "qwen33", of which the nearest is qwen3.')
  })

  it('guesses within the family only', async () => {
    const message = await refusal(build(files, { ...config, model_type: 'phi3' }))
    expect(message).toContain('found "phi3". kaiyuan models lists models of every size')
  })

  it('asks for model_type where there is none', async () => {
    expect(await refusal(build(files, { ...config, model_type: undefined }))).toContain('found no model_type')
  })

  it('refuses a config that is no object', async () => {
    for (const bad of [[], 'text', 7, null]) await refusal(build(files, bad))
  })

  it('names the tensor, the expected and the found shape when config and weights differ', async () => {
    const message = await refusal(build(files, { ...config, vocab_size: 77 }).then(loadEverything(files)))
    expect(message).toMatch(/expected shape \[77, \d+\] from the config, found \[\d+, \d+\]/)
  })

  /** Asks for every weight, as a backend does. */
  function loadEverything(of: Record<string, Uint8Array>) {
    return async (program: Program): Promise<void> => {
      const checkpoint = await openCheckpoint(memoryFiles('changed', of))
      for (const { op } of program.ops) if ('weight' in op) checkpoint.tensor(op.weight.name, op.weight.shape)
    }
  }

  it('refuses YaRN and llama3 scaling with numbers left out, and scaling that it does not know', async () => {
    for (const type of ['yarn', 'llama3', 'spiral'])
      expect(await refusal(build(files, { ...config, rope_scaling: { rope_type: type } }))).toContain('rope')
  })
})

describe('mistral4', () => {
  const { config, files } = fixture('mistral-large-3')

  /** The softmax's scale, times the root of a head's width. */
  async function factor(rope: Config): Promise<number> {
    const changed = { ...config, rope_parameters: { ...(config['rope_parameters'] as Config), ...rope } }
    const { ops } = await build(files, changed)
    const attention = ops.map(({ op }) => op).find((op) => op.op === 'mlaAttention')!
    return attention.scale * Math.sqrt(24)
  }

  it("multiplies the softmax's scale by YaRN's mscale squared unless the config says no", async () => {
    const mscale = 0.1 * Math.log(128) + 1
    expect(await factor({})).toBeCloseTo(mscale ** 2)
    expect(await factor({ apply_yarn_scaling: false })).toBeCloseTo(1)
    expect(await factor({ mscale_all_dim: 0, attention_factor: 1 })).toBeCloseTo(1)
  })
})
