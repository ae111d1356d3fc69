import { describe, expect, it } from 'vitest'
import { Automaton } from '../../src/grammar/automaton/automaton.js'
import { schemaNode } from '../../src/grammar/json/schema.js'
import { GrammarConstraint, type GrammarInUse } from '../../src/grammar/constraint.js'
import { Allowance } from '../../src/grammar/masks/allowance.js'
import { TokenMasks } from '../../src/grammar/masks/masks.js'
import { atOnce, Pauses, type Steps } from '../../src/grammar/pauses.js'
import { chars, choice, repeat, type Node } from '../../src/grammar/syntax/nodes.js'
import { ebnfSteps } from '../../src/grammar/text/ebnf.js'
import { gbnfSteps } from '../../src/grammar/text/gbnf.js'
import { larkSteps } from '../../src/grammar/text/lark.js'
import { sorted } from '../../src/grammar/vocabulary/order.js'
import { Vocabulary } from '../../src/grammar/vocabulary/vocabulary.js'

/** Counts how often the work asks whether others are due, whatever the clock says. */
class CountedPauses extends Pauses {
  asked = 0

  override get due(): boolean {
    this.asked++
    return false
  }
}

const COUNT = 10_000
/** So many items may be done in one go. */
const PIECE = 256

function many<T>(item: (i: number) => T): T[] {
  return Array.from({ length: COUNT }, (_, i) => item(i))
}

async function accepts(node: Node, texts: readonly string[]): Promise<boolean[]> {
  const automaton = await Automaton.of(node, new Pauses())
  return texts.map((text) => {
    let state = automaton.initial
    for (const byte of new TextEncoder().encode(text)) state = automaton.go(state, byte)
    return automaton.accepts(state)
  })
}

const words = many((i) => `"w${i}"`).join(' | ')
const rules = (is: string, last: string) =>
  [...many((i) => `r${i}${is} "w${i}" r${i + 1}?`), `r${COUNT}${is} "${last}"`].join('\n')

const TEXTS: readonly [name: string, steps: () => Steps<Node>, yes: string, no: string][] = [
  ['words of EBNF', () => ebnfSteps(`root ::= ${words}`), 'w77', 'w'],
  ['rules of EBNF', () => ebnfSteps(`root ::= r0\n${rules(' ::=', 'e')}`), 'w0w1w2', 'w1'],
  ['words of GBNF', () => gbnfSteps(`root ::= ${words}`), 'w9999', 'w10000'],
  ['words of GBNF in brackets', () => gbnfSteps(`root ::= (${words})`), 'w9999', 'w10000'],
  ['rules of GBNF', () => gbnfSteps(`root ::= r0\n${rules(' ::=', 'e')}`), 'w0w1w2', 'w0w2'],
  ['words of Lark', () => larkSteps(`start: ${words}`), 'w12', 'x'],
  ['words of a terminal in brackets', () => larkSteps(`start: W\nW: [${words}]`), 'w12', 'x'],
  ['rules of Lark', () => larkSteps(`start: r0\n${rules(':', 'e')}`), 'w0w1', 'w0w0'],
]

const text = { type: 'string' }
const SCHEMAS: readonly [name: string, schema: unknown, yes: string, no: string][] = [
  [
    'properties',
    { type: 'object', properties: Object.fromEntries(many((i) => [`p${i}`, text])) },
    '{"p7":"x"}',
    '{"q":1}',
  ],
  ['values', { enum: many((i) => `v${i}`) }, '"v9999"', '"v10000"'],
  ['values with a type', { type: 'string', enum: many((i) => (i % 2 === 0 ? i : `v${i}`)) }, '"v9999"', '2'],
  ['schemas of anyOf', { anyOf: many((i) => ({ const: `v${i}` })) }, '"v5"', '"v"'],
  ['schemas that are not used', { type: 'null', $defs: Object.fromEntries(many((i) => [`d${i}`, {}])) }, 'null', '0'],
]

describe('long work asks whether others are due', () => {
  it.each(TEXTS)('%s', async (_, steps, yes, no) => {
    const pauses = new CountedPauses()
    const node = await pauses.run(steps())
    expect(pauses.asked).toBeGreaterThan(COUNT / PIECE)
    expect(await accepts(node, [yes, no])).toEqual([true, false])
  })

  it.each(SCHEMAS)('%s', async (_, schema, yes, no) => {
    const pauses = new CountedPauses()
    const node = await schemaNode(schema, {}, pauses)
    expect(pauses.asked).toBeGreaterThan(COUNT / PIECE)
    expect(await accepts(node, [yes, no])).toEqual([true, false])
  })

  describe('masks', () => {
    const tokens = many((i) => new TextEncoder().encode(i < 256 ? String.fromCharCode(i) : `t${(i * 7919) % COUNT}`))
    const vocabulary = Vocabulary.of(tokens, new Map())
    // Each of the counts is in its own place after each letter.
    const root = choice(many((i) => repeat(chars([[97 + (i % 26), 122]]), 0, i + 20)).slice(0, 300))
    const masksOf = async (steps = 1e9): Promise<TokenMasks> =>
      new TokenMasks(new Automaton(root, { steps }), await vocabulary, new Set())

    it('rest after some thousand steps, and give what they give without rests', async () => {
      const masks = await masksOf()
      const { automaton } = masks
      const making = masks.making(automaton.initial)
      let [most, rests, before] = [0, 0, automaton.steps]
      for (let step = making.next(); ; step = making.next()) {
        most = Math.max(most, automaton.steps - before)
        // Others use the same automaton.
        masks.mask(automaton.go(automaton.initial, 97 + (rests % 26)))
        before = automaton.steps
        if (step.done) {
          expect(step.value).toEqual((await masksOf()).mask(automaton.initial))
          break
        }
        rests++
      }
      expect(rests).toBeGreaterThan(2)
      expect(most).toBeLessThan(10_000)
    })

    it('count none of the steps of others as their own', async () => {
      const { automaton } = await masksOf()
      const { work } = automaton.machine
      const whole = new Allowance(work, 100)
      const part = new Allowance(work, 50, whole)
      work.steps += 40
      const rest = part.rest()
      rest.next()
      work.steps += 1000
      rest.next()
      expect([part.isOver, whole.isOver]).toEqual([false, false])
      work.steps += 11
      expect([part.isOver, whole.isOver]).toEqual([true, false])
      work.steps += 50
      expect(whole.isOver).toBe(true)
    })

    it('of an answer keep the states as they are until they are there, and end with the answer', async () => {
      const masks = await masksOf()
      const { automaton } = masks
      const due = new (class extends Pauses {
        override get due(): boolean {
          return true
        }
      })()
      let held = 0
      const inUse = (): GrammarInUse => ({
        ...{ automaton, masks, stopIds: new Set(), forcedTexts: new Map() },
        ...{ pauses: () => due, tidy: () => undefined, release: () => undefined },
        hold: () => (held++, () => held--),
      })
      const ended = new GrammarConstraint(inUse(), automaton.initial)
      const rest = ended.prepare()
      expect(held).toBe(1)
      ended.close()
      await rest
      const first = automaton.steps
      const form = new GrammarConstraint(inUse(), automaton.initial)
      await form.prepare()
      // The first had only begun.
      expect(automaton.steps).toBeGreaterThan(first + 4000)
      expect(held).toBe(0)
      expect(form.allowed()).toEqual((await masksOf()).mask(automaton.initial))
    })
  })

  it('tokens of one first byte', async () => {
    const tokens = many((i) => new TextEncoder().encode(` token ${(i * 7919) % COUNT}`))
    const pauses = new CountedPauses()
    const vocabulary = await Vocabulary.of(tokens, new Map(), pauses)
    expect(pauses.asked).toBeGreaterThan(COUNT / 1024)
    const before = pauses.asked
    await pauses.run(vocabulary.complete())
    expect(pauses.asked - before).toBeGreaterThanOrEqual(2 * Math.floor(COUNT / 1024))
    const ids = Array.from(tokens.keys())
    const shown = Array.from(atOnce(sorted(tokens, ids, 1)), (id) => new TextDecoder().decode(tokens[id]))
    expect(shown).toEqual([...shown].sort())
  })
})
