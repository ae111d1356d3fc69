/** Which words of a long list come most often: words of a language that are repeated, and words of letters by Zipf's law. */
import { PythonRandom } from '../python/random.js'
import { strip } from '../../chat/python/text.js'
import { fitting, SEEDS, type RulerDocument, type Sizing } from './sizing.js'

const MOST = 10
const LIST = { step: 10, answerTokens: 120 }
const LIST_PREFIX = ' Answer: The top 10 words that appear most often in the list are:'

interface Listed {
  readonly text: string
  readonly common: readonly string[]
}

/** @param words in order, each once */
export async function commonWords(words: readonly string[], sizing: Sizing): Promise<RulerDocument[]> {
  const random = new PythonRandom(SEEDS.python)
  const order = new PythonRandom(SEEDS.task)
  const pool = [...words]
  order.shuffle(pool)
  const draw = (size: number, often: number, seldom: number): Listed => {
    const drawn = random.sample(pool, size)
    const common = drawn.slice(0, MOST)
    const repeated = [
      ...Array.from({ length: often }, () => common).flat(),
      ...Array.from({ length: seldom }, () => drawn.slice(MOST)).flat(),
    ]
    order.shuffle(repeated)
    return { text: listing(numbered(repeated)), common }
  }
  // An example is drawn with each list, and only counts while the size is looked for.
  const both = (size: number): Listed & { readonly example: Listed } => {
    const isShort = sizing.length < 4096
    const example = isShort ? draw(20, 3, 1) : draw(40, 10, 3)
    return { ...(isShort ? draw(size, 6, 1) : draw(size, 30, 3)), example }
  }
  let size = LIST.step
  for (let total = 0; total + LIST.answerTokens < sizing.length;) {
    const { text, common, example } = both(size)
    total = await sizing.countTokens(`${example.text}${numbered(example.common)}\n${text} ${numbered(common)}`)
    if (total + LIST.answerTokens > sizing.length) {
      size -= LIST.step
      break
    }
    size += LIST.step
    if (size <= pool.length) continue
    size = pool.length
    break
  }
  const documents: RulerDocument[] = []
  while (documents.length < sizing.count) {
    const { text, common } = await fitting(size, LIST.step, LIST.answerTokens, both, sizing)
    const input = strip(text.slice(0, text.lastIndexOf(LIST_PREFIX)))
    documents.push({ input, outputs: common, prefix: strip(LIST_PREFIX) })
  }
  return documents
}

function numbered(words: readonly string[]): string {
  return words.map((word, i) => `${i + 1}. ${word}`).join(' ')
}

function listing(context: string): string {
  return (
    'Below is a numbered list of words. In these words, some appear more often than others. ' +
    `Memorize the ones that appear most often.\n${context}\n` +
    `Question: What are the 10 most common words in the above list?${LIST_PREFIX}`
  )
}

const LETTERS = Array.from('abcdefghijklmnopqrstuvwxyz')
const WORD_LENGTH = 6
const ZETA_2 = Math.PI ** 2 / 6
const CODED_PREFIX = ' Answer: According to the coded text above, the three most frequently appeared words are:'

/** The prompt takes the whole length, as in the reference: the answer comes on top. */
export async function frequentWords(sizing: Sizing): Promise<RulerDocument[]> {
  const random = new PythonRandom(SEEDS.python)
  const { length, countTokens } = sizing
  const step = Math.floor(length / 32)
  const count = Math.floor(length / 50)
  const first = vocabulary(count, random)
  let size = Math.floor(length / WORD_LENGTH)
  while ((await countTokens(coded(first, size))) < length) size += step
  size -= step
  const documents: RulerDocument[] = []
  while (documents.length < sizing.count) {
    const words = vocabulary(count, random)
    const { text } = await fitting(size, step, 0, (used) => ({ text: coded(words, used) }), sizing)
    const input = strip(text.slice(0, text.lastIndexOf(CODED_PREFIX)))
    documents.push({ input, outputs: words.slice(1, 4), prefix: strip(CODED_PREFIX) })
  }
  return documents
}

/** The first is noise. */
function vocabulary(count: number, random: PythonRandom): string[] {
  const words = new Set<string>()
  for (let drawn = 0; drawn < count || words.size < count; drawn++)
    words.add(random.choices(LETTERS, WORD_LENGTH).join(''))
  const order = [...words].sort()
  new PythonRandom(SEEDS.task).shuffle(order)
  order[0] = '...'
  return order
}

/** The word of rank k comes about 1 / (k² ζ(2)) of `size` times. */
function coded(words: readonly string[], size: number): string {
  const repeated = words.flatMap((word, i) => {
    return Array.from({ length: Math.floor((size * (i + 1) ** -2) / ZETA_2) }, () => word)
  })
  new PythonRandom(SEEDS.task).shuffle(repeated)
  return (
    'Read the following coded text and track the frequency of each coded word. Find the three most frequently appeared coded words. ' +
    `${repeated.join(' ')}\nQuestion: Do not provide any explanation. Please ignore the dots '....'. ` +
    `What are the three most frequently appeared words in the above coded text?${CODED_PREFIX}`
  )
}
