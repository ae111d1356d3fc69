// Every architecture gives transformers' greedy tokens when several positions are checked in one step.
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Drafter } from '../../src/engine/answer/drafter.js'
import { loadEngine } from '../../src/engine/load.js'
import { FIXTURES, readGolden } from '../golden/harness.js'

const folders = ['golden', 'golden-gguf'].flatMap((kind) =>
  readdirSync(join(FIXTURES, kind)).map((name) => ({ name: `${kind}/${name}`, path: join(FIXTURES, kind, name) })),
)

/** With four heads many scores of their indexers are equal: drafts are not asked for (Sequence.checkedDrafts). */
const TIED = /deepseek-v32|deepseek-v4|glm5/

/** Right, but for every fifth token. */
function faulty(prompt: readonly number[], greedy: readonly number[]): Drafter {
  return {
    draft: (sequence, most) => {
      const at = sequence.length - prompt.length
      return greedy.slice(at, at + Math.min(most, 6)).map((id, i) => ((at + i) % 5 === 4 ? (id + 1) % 32 : id))
    },
  }
}

describe.each(folders)('$name', ({ name, path }) => {
  it('gives the greedy ids of transformers with guesses, right and wrong', async () => {
    const { prompt, greedy } = readGolden(join(path, 'golden.safetensors'))
    const gguf = join(path, 'model.gguf')
    const engine = await loadEngine(existsSync(gguf) ? gguf : path, { precision: 'exact', threads: 2 })
    try {
      const options = { maxTokens: greedy.length, ignoreEos: true, temperature: 0 }
      for (const speculate of ['ngram' as const, faulty(prompt, greedy)]) {
        const { result } = engine.generate(prompt, { ...options, speculate })
        const { ids, speculation } = await result
        expect(ids).toEqual(greedy)
        if (speculate === 'ngram') continue
        expect(speculation!.accepted).toBeGreaterThan(TIED.test(name) ? -1 : greedy.length / 3)
        if (!TIED.test(name)) expect(speculation!.accepted).toBeLessThan(speculation!.drafted)
      }
    } finally {
      await engine.close()
    }
  })
})
