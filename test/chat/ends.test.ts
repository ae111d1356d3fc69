import { describe, expect, it } from 'vitest'
import type { Dialect } from '../../src/chat/dialects/dialect.js'
import { DIALECTS } from './all-dialects.js'

/** Special tokens that end an answer of each family, as its lab's files and templates have them. */
const STOPS: Readonly<Record<string, readonly string[]>> = {
  'functionary-3.1': ['<|eot_id|>', '<|eom_id|>'],
  'functionary-3.2': ['<|eot_id|>', '<|eom_id|>'],
  'gemma-4': ['<turn|>', '<|tool_response>'],
  'glm-4.5': ['<|endoftext|>', '<|user|>', '<|observation|>'],
  'glm-4.7': ['<|endoftext|>', '<|user|>', '<|observation|>'],
  harmony: ['<|return|>', '<|call|>'],
  'hy-3': ['<｜hy_eos:opensource｜>'],
  muse: ['<|eot|>'],
  seed: ['<seed:eos>'],
  solar: ['<|calls|>'],
  'kimi-k2': ['<|im_end|>'],
  'kimi-k3': ['<|end_of_msg|>'],
  'llama-3': ['<|eot_id|>', '<|eom_id|>'],
  'llama-4-json': ['<|eot|>', '<|eom|>'],
  'llama-4-pythonic': ['<|eot|>', '<|eom|>'],
  'minimax-m2': ['[e~['],
  'minimax-m3': ['[e~['],
}

/** How the thought of each family begins in a prompt, and what is between its end and the answer. */
const THOUGHTS: Readonly<Record<string, readonly [open: string, end: string]>> = {
  'gemma-4': ['<|channel>thought', '<channel|>'],
  longcat: ['<longcat_think>', '</longcat_think>'],
  'minimax-m3': ['<mm:think>', '</mm:think>'],
  mistral: ['[THINK]', '[/THINK]'],
  'mistral-list': ['[THINK]', '[/THINK]'],
  'mistral-id': ['[THINK]', '[/THINK]'],
  seed: ['<seed:think>', '</seed:think>'],
  'hy-3': ['<think:opensource>', '</think:opensource>'],
  apertus: ['<|inner_prefix|>', '<|inner_suffix|>'],
  apriel: ['Here are my reasoning steps:', '[BEGIN FINAL RESPONSE]'],
  'kimi-k3': ['<|open|>think<|sep|>', '<|close|>think<|sep|><|open|>response<|sep|>'],
}
/** The text has a mark of its own; after a thought that the prompt opened, calls begin with its end. */
const MARKED: Readonly<Record<string, readonly [text: string, open: string, end: string]>> = {
  'command-r7b': ['<|START_RESPONSE|>', '<|START_THINKING|>', '<|END_THINKING|>'],
  'cohere-2-moe': ['<|START_TEXT|>', '<|START_THINKING|>', '<|END_THINKING|>'],
  muse: [' to=user<|message|>', '<|start|>assistant to=self<|message|>', '<|eom|>'],
  solar: ['<|content|>', '<|begin|>assistant<|think|>', '<|end|>'],
  'functionary-3.2': ['all\n', '<think>', '</think>'],
}
/** Harmony's channels come before every answer; Llama has no thoughts. */
const OTHERS = ['harmony', 'llama-3', 'llama-4-json', 'llama-4-pythonic']

const all = (wanted: (dialect: Dialect) => boolean) =>
  DIALECTS.filter(wanted).map((dialect) => [dialect.name, dialect] as const)

it.each(all(() => true))('the stop tokens of %s', (name, dialect) => {
  expect(dialect.stopMarkers ?? []).toEqual(STOPS[name] ?? [])
})

describe('where an answer begins that a grammar limits', () => {
  it.each(all(({ name }) => !OTHERS.includes(name) && !(name in MARKED)))(
    '%s: after the thought that the prompt opened',
    (name, dialect) => {
      const [open, end] = THOUGHTS[name] ?? ['<think>', '</think>']
      expect(dialect.textStart?.(`question${open}`, false)).toBe(end)
      expect(dialect.textStart?.(`question${open}\n`, false)).toBe(end)
      expect(dialect.textStart?.('question', false)).toBeUndefined()
      expect(dialect.textStart?.(`${open} question`, false)).toBeUndefined()
    },
  )

  it.each(Object.entries(MARKED))('%s: at the mark of the text', (name, [text, open, end]) => {
    const dialect = DIALECTS.find((one) => one.name === name)!
    expect(dialect.textStart!('question', false)).toBe(text)
    expect(dialect.textStart!(`question${open}`, false)).toBe(text)
    expect(dialect.textStart!('question', true)).toBeUndefined()
    expect(dialect.textStart!(`question${open}`, true)).toBe(end)
  })

  it('harmony: in its last channel; calls are in another', () => {
    const harmony = DIALECTS.find(({ name }) => name === 'harmony')!
    expect(harmony.textStart!('question', false)).toBe('<|channel|>final<|message|>')
    expect(harmony.textStart!('question', true)).toBeUndefined()
    const kimi = DIALECTS.find(({ name }) => name === 'kimi-k3')!
    expect(kimi.textStart!('q<|open|>think<|sep|>', true)).toBe('<|close|>think<|sep|>')
  })

  it('Llama: at once', () => {
    for (const name of OTHERS.slice(1)) {
      const dialect = DIALECTS.find((one) => one.name === name)!
      expect(dialect.textStart?.('q<think>', false)).toBeUndefined()
    }
  })
})

describe('calls of a grammar', () => {
  /** Families that have one call in an answer. */
  const SINGLE = ['harmony', 'llama-3', 'llama-4-json', 'gigachat-3', 'gigachat-3.1']
  it.each(all((dialect) => dialect.toolSyntax !== undefined))('%s may be several, or one', (name, dialect) => {
    expect(dialect.toolSyntax!([])?.parallel).toBe(!SINGLE.includes(name))
  })
})
