/** Needles in a haystack: a sentence that names a value, among sentences that do not. */
import { PythonRandom } from '../python/random.js'
import { fitting, SEEDS, type RulerDocument, type Sizing } from './sizing.js'
import type { Words } from './word-pairs.js'

/** What is hidden, and in what. */
export interface NeedleForm {
  readonly haystack: 'repeat' | 'needle'
  readonly key: 'words' | 'uuids'
  readonly value: 'numbers' | 'uuids'
}

const REPEATED = 'The grass is green. The sky is blue. The sun is yellow. Here we go. There and back again.'
const ANSWER_TOKENS = 128

/** @param words that keys are taken from */
export async function needles(form: NeedleForm, words: Words, sizing: Sizing): Promise<RulerDocument[]> {
  const random = new PythonRandom(SEEDS.python)
  const step = sizing.length < 4096 ? 5 : 25
  const draw = (size: number): Drawn => drawn(form, words, size, random)
  const size = await longest(step, draw, sizing)
  const documents: RulerDocument[] = []
  while (documents.length < sizing.count) {
    const { text, key, value } = await fitting(size, step, ANSWER_TOKENS, draw, sizing)
    const prefix = `The special magic ${one(form)} for ${key} mentioned in the provided text is`
    documents.push({ input: text, outputs: [value], prefix })
  }
  return documents
}

interface Drawn {
  readonly text: string
  readonly key: string
  readonly value: string
}

/** How many sentences there are about room for. Each try draws, as the reference does. */
async function longest(step: number, draw: (size: number) => Drawn, { length, countTokens }: Sizing): Promise<number> {
  let size = step
  for (let tokens = 0; tokens + ANSWER_TOKENS < length; size += step) {
    const { text, value } = draw(size)
    tokens = await countTokens(text + value)
    if (tokens + ANSWER_TOKENS > length) return Math.max(1, size - step)
  }
  return size
}

function drawn(form: NeedleForm, words: Words, size: number, random: PythonRandom): Drawn {
  const sentence = (key: string, value: string): string =>
    `One of the special magic ${form.value} for ${key} is: ${value}.`
  const newKey = (): string => (form.key === 'words' ? words.at(random.below(words.length))! : random.uuid())
  const newValue = (): string => (form.value === 'numbers' ? String(random.integer(1e6, 1e7 - 1)) : random.uuid())
  const key = newKey()
  const value = newValue()
  const sentences = Array.from({ length: size }, () =>
    form.haystack === 'repeat' ? REPEATED : sentence(newKey(), newValue()),
  )
  sentences.splice(random.below(size), 0, sentence(key, value))
  // The reference draws which of the one key is asked for.
  random.below(1)
  return { text: asked(one(form), sentences.join('\n'), key), key, value }
}

function one({ value }: NeedleForm): string {
  return value.slice(0, -1)
}

function asked(value: string, context: string, key: string): string {
  return (
    `A special magic ${value} is hidden within the following text. Make sure to memorize it. ` +
    `I will quiz you about the ${value} afterwards.\n${context}\n` +
    `What is the special magic ${value} for ${key} mentioned in the provided text?`
  )
}
