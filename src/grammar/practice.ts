/** Grammars that nobody asked for: they run the code that the first answer needs until it is compiled to machine code. */
import { TokenMasks } from './masks/masks.js'
import { automatonOf } from './build.js'
import { CancellablePauses } from './pauses.js'
import type { GrammarSpec } from './spec.js'
import type { Turns } from './turns.js'
import type { Vocabulary } from './vocabulary/vocabulary.js'

/** How often; further rounds made nothing faster. */
const ROUNDS = 8

const SCHEMA = {
  type: 'object',
  properties: {
    name: { type: 'string', maxLength: 40 },
    kind: { enum: ['person', 'place', 'thing'] },
    count: { type: 'integer' },
    tags: { type: 'array', items: { type: 'string' } },
    inner: { type: 'object', properties: { ok: { type: 'boolean' } }, required: ['ok'] },
  },
  required: ['name', 'kind', 'count', 'tags', 'inner'],
}
const SPEC: GrammarSpec = { kind: 'json-schema', schema: SCHEMA }
const DOCUMENT = { name: 'Ada', kind: 'place', count: 12, tags: ['a', 'b'], inner: { ok: true } }

/** Compiles a small schema and works out masks along a document of it, in slices. @throws UserError aborted */
export async function practise(
  vocabulary: Vocabulary,
  stopIds: ReadonlySet<number>,
  signal: AbortSignal,
  turns: Turns,
): Promise<void> {
  const pauses = new CancellablePauses(signal, turns)
  const bytes = new TextEncoder().encode(JSON.stringify(DOCUMENT))
  for (let round = 0; round < ROUNDS; round++) {
    const automaton = await automatonOf(SPEC, { signal, turns })
    const masks = new TokenMasks(automaton, vocabulary, stopIds)
    let state = automaton.initial
    for (const byte of bytes) {
      masks.mask(state)
      state = automaton.go(state, byte)
      await pauses.breathe()
    }
  }
}
