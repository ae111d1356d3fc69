// Keys that a config leaves out stand for what transformers takes in their place.
import { describe, expect, it } from 'vitest'
import { weightsOf } from '../../src/graph/ops.js'
import { allOps, type Program } from '../../src/graph/program.js'
import { build, fixture, type Config } from './fixtures.js'

async function programs(name: string, said: Config, left: readonly string[]): Promise<[Program, Program]> {
  const { config, files } = fixture(name)
  const rest = Object.fromEntries(Object.entries(config).filter(([key]) => !left.includes(key)))
  return [await build(files, rest), await build(files, { ...rest, ...said })]
}

describe('a config without its rotation', () => {
  const yarn = { rope_type: 'yarn', factor: 32, beta_fast: 32, beta_slow: 1, original_max_position_embeddings: 4096 }

  it.each<[string, Config]>([
    ['mixtral', { rope_theta: 1e6 }],
    ['minimax-m2', { rope_theta: 5e6 }],
    ['gpt-oss', { rope_theta: 150000, rope_scaling: { ...yarn, truncate: false } }],
    ['llama3', { rope_theta: 10000 }],
  ])('%s has %j', async (name, said) => {
    const [found, expected] = await programs(name, said, ['rope_theta', 'rope_scaling', 'rope_parameters'])
    expect(found).toEqual(expected)
    const other = await programs(name, { rope_theta: 7 }, ['rope_theta', 'rope_scaling', 'rope_parameters'])
    expect(found).not.toEqual(other[1])
  })

  it('gpt-oss is not scaled where the config says so', async () => {
    const [usual, plain] = await programs('gpt-oss', { rope_scaling: { rope_type: 'default' } }, ['rope_scaling'])
    expect(usual).not.toEqual(plain)
  })
})

describe("a wrapper's config", () => {
  const lacking = async (flags: { wrapper?: boolean; text?: boolean }): Promise<string | undefined> => {
    const { config, files } = fixture('mistral3')
    const tie = (value: boolean | undefined): Config => (value === undefined ? {} : { tie_word_embeddings: value })
    const without = (all: Config): Config =>
      Object.fromEntries(Object.entries(all).filter(([key]) => key !== 'tie_word_embeddings'))
    const text = { ...without(config['text_config'] as Config), ...tie(flags.text) }
    const program = await build(headless(files), { ...without(config), ...tie(flags.wrapper), text_config: text })
    const names = allOps(program).flatMap(({ op }) => weightsOf(op).map(({ name }) => name))
    return names.find((name) => /lm_head/.test(name))
  }

  it('ties the head by its own flag, unless the text model has one', async () => {
    expect(await lacking({ wrapper: true })).toBeUndefined()
    expect(await lacking({ text: true })).toBeUndefined()
    expect(await lacking({ wrapper: true, text: false })).toMatch(/lm_head/)
    expect(await lacking({})).toMatch(/lm_head/)
  })
})

/** The files with the head under a name that nobody asks for. */
function headless(files: Record<string, Uint8Array>): Record<string, Uint8Array> {
  return Object.fromEntries(
    Object.entries(files).map(([name, bytes]) => {
      if (!name.endsWith('.safetensors')) return [name, bytes]
      const text = Buffer.from(bytes).toString('latin1').replaceAll('lm_head.', 'no_head.')
      return [name, new Uint8Array(Buffer.from(text, 'latin1'))]
    }),
  )
}
