import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { memoryFiles } from '../../src/checkpoint/files/memory.js'
import { openCheckpoint } from '../../src/models/open.js'
import { UserError } from '../../src/errors.js'
import type { Program } from '../../src/graph/program.js'
import { buildProgram, MODEL_TYPES } from '../../src/models/registry.js'

const GOLDEN = fileURLToPath(new URL('../fixtures/golden/', import.meta.url))
type Config = Record<string, unknown>

function fixture(name: string): { config: Config; files: Record<string, Uint8Array> } {
  const folder = join(GOLDEN, name)
  const names = readdirSync(folder).filter((file) => file !== 'golden.safetensors')
  const files = Object.fromEntries(names.map((file) => [file, new Uint8Array(readFileSync(join(folder, file)))]))
  return { config: JSON.parse(new TextDecoder().decode(files['config.json'])) as Config, files }
}

/** The program of a fixture under another config. */
async function build(files: Record<string, Uint8Array>, config: unknown): Promise<Program> {
  const bytes = new TextEncoder().encode(JSON.stringify(config))
  return buildProgram(await openCheckpoint(memoryFiles('changed', { ...files, 'config.json': bytes })))
}

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
    expect(message).toContain(MODEL_TYPES.join(', '))
    expect(message).toContain('nearest is qwen')
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

/** What a damaged or hostile config may hold in any place. */
const BAD_VALUES = [-1, 0, 0.5, 1e300, 2 ** 53, NaN, 'text', null, [], {}, true]

describe.each(readdirSync(GOLDEN))('%s with one value changed', (name) => {
  const { config, files } = fixture(name)

  it('gives a program or a UserError, soon', async () => {
    const wrong: string[] = []
    for (const key of Object.keys(config))
      for (const bad of [...BAD_VALUES, undefined]) {
        try {
          await build(files, { ...config, [key]: bad })
        } catch (error) {
          if (!(error instanceof UserError)) wrong.push(`${key} = ${JSON.stringify(bad)}: ${String(error)}`)
        }
      }
    expect(wrong).toEqual([])
  })

  it('of its nested objects too', async () => {
    const wrong: string[] = []
    for (const [key, nested] of Object.entries(config)) {
      if (typeof nested !== 'object' || nested === null || Array.isArray(nested)) continue
      for (const inner of Object.keys(nested))
        for (const bad of [...BAD_VALUES, undefined]) {
          try {
            await build(files, { ...config, [key]: { ...nested, [inner]: bad } })
          } catch (error) {
            if (!(error instanceof UserError)) wrong.push(`${key}.${inner} = ${JSON.stringify(bad)}: ${String(error)}`)
          }
        }
    }
    expect(wrong).toEqual([])
  })
})
