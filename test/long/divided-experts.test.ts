// Experts of one layer in several memories: the bits of one memory.
import { describe, expect, it } from 'vitest'
import { underTest } from '../ops/backends.js'
import { MIXTURES, MIXTURE_SIZES, mixture, type MixtureShape } from '../ops/mixtures.js'
import { run, type OpCase } from '../ops/op-case.js'

const cpu = underTest('cpu')

/** Bytes of one expert in f32, and of a memory with room for two and a half of them next to the reserve. */
function bankFor(c: MixtureShape): number {
  const [D, F] = c.sizes ?? MIXTURE_SIZES
  const weights = 3 * (D * F * 4 + 64) + (c.biases ? (2 * F + D) * 4 + 192 : 0)
  return Math.ceil((weights * 2.5 * 4) / 3)
}

describe.each(Object.entries(MIXTURES))('%s', (name, shape) => {
  const opCase: OpCase = { name, ...mixture(shape) }

  it.each(['exact', 'fast'] as const)(
    '%s: the same bits with the experts divided between memories',
    async (precision) => {
      const [whole] = await run(opCase, cpu, { threads: 1, precision }, [Infinity])
      for (const threads of [1, 3]) {
        const [divided] = await run(opCase, cpu, { threads, precision, bankBytes: bankFor(shape) }, [7])
        expect(divided).toEqual(whole)
      }
    },
  )
})

it('says that an expert is too large for a memory', async () => {
  await expect(run({ name: 'small', ...mixture({}) }, cpu, { bankBytes: 12000 }, [1])).rejects.toThrow(
    /^an expert of layer 0 needs .* one WebAssembly memory has room for/,
  )
})
