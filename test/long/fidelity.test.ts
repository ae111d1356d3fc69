// The forms of a model against exact, on small checkpoints.
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { FORMS, fidelityOfForms } from '../../src/eval/fidelity/forms.js'

const fixture = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url))
const text = 'reverse the word stone, and then count the letters of it. '.repeat(4)

it('puts the forms in the order of what they lose', async () => {
  const results = await fidelityOfForms(fixture('test/fixtures/golden-gguf/llama-plain/model.gguf'), FORMS, { text })
  const divergences = results.map((result) => ('found' in result ? result.found.divergence : NaN))
  const [fast, cache, q8, q6, q5, q4] = divergences
  expect(fast).toBeGreaterThan(0)
  expect(cache).toBeGreaterThan(fast! / 2)
  expect(q6).toBeGreaterThan(q8!)
  expect(q5).toBeGreaterThan(q6!)
  expect(q4).toBeGreaterThan(q5!)
  expect(q4).toBeLessThan(1)
})

it('says which forms a model cannot take, and measures the others', async () => {
  const latent = await fidelityOfForms(fixture('models/mini'), FORMS, { text, window: 64 })
  expect(latent[1]).toMatchObject({ form: 'fast, q8 cache', refused: { code: 'invalid_argument' } })
  expect(latent.map((result) => 'found' in result)).toEqual([true, false, true, true, true, true])
})
