/** Variables that are given each other's values, in a text about something else, after an example that is short. */
import { NumpyRandom, PythonRandom } from '../python/random.js'
import { strip } from '../../chat/python/text.js'
import { fitting, SEEDS, type RulerDocument, type Sizing } from './sizing.js'

const LETTERS = Array.from('ABCDEFGHIJKLMNOPQRSTUVWXYZ')
const NOISE = 'The grass is green. The sky is blue. The sun is yellow. Here we go. There and back again.\n'
const HOPS = 4
const ANSWER_TOKENS = 30
const EXAMPLE = { length: 500, step: 5, letters: 3 }
const WHOLE = { step: 10, letters: 5 }
const ANSWER = ' Answer: According to the chain(s) of variable assignment'

interface Chain {
  readonly text: string
  readonly names: readonly string[]
}

interface Randoms {
  readonly python: PythonRandom
  readonly numpy: NumpyRandom
}

export async function variables(sizing: Sizing): Promise<RulerDocument[]> {
  const random: Randoms = { python: new PythonRandom(SEEDS.python), numpy: new NumpyRandom(SEEDS.numpy) }
  const [shown] = await chains({ ...sizing, length: EXAMPLE.length, count: 1 }, EXAMPLE, 0, random)
  const example = `${shown!.text} ${shown!.names.join(' ')}\n\n`
  const room = await sizing.countTokens(example)
  const documents: RulerDocument[] = []
  // The example is renamed after each chain is drawn.
  await chains(sizing, WHOLE, room, random, ({ text, names }) => {
    const at = text.lastIndexOf(ANSWER)
    const input = `${renamed(example, random.python)}\n\n${text.slice(0, at)}`
    documents.push({ input, outputs: names, prefix: strip(text.slice(at)) })
  })
  return documents
}

async function chains(
  sizing: Sizing,
  { step, letters }: { readonly step: number; readonly letters: number },
  before: number,
  random: Randoms,
  each: (chain: Chain) => void = () => undefined,
): Promise<Chain[]> {
  const draw = (noises: number): Chain | undefined => chain(noises, letters, random)
  let noises = step
  for (let total = 0; total + ANSWER_TOKENS + before < sizing.length; noises += step) {
    const drawn = draw(noises)
    if (!drawn) continue
    // As Python writes a list of texts.
    const list = `[${drawn.names.map((name) => `'${name}'`).join(', ')}]`
    total = await sizing.countTokens(`${drawn.text} ${list}`)
    if (total + ANSWER_TOKENS + before > sizing.length) {
      noises -= step
      break
    }
  }
  const found: Chain[] = []
  while (found.length < sizing.count) {
    const fits = await fitting(noises, step, ANSWER_TOKENS + before, draw, sizing)
    each(fits)
    found.push(fits)
  }
  return found
}

/** Undefined where the reference fails, and tries a shorter text. */
function chain(noises: number, letters: number, { python, numpy }: Randoms): Chain | undefined {
  const name = (): string => python.choices(LETTERS, letters).join('')
  const drawn = Array.from({ length: HOPS + 1 }, name)
  while (new Set(drawn).size < HOPS + 1) drawn.push(name())
  const value = String(numpy.range(10000, 99999))
  // A name that came twice begins a second chain, which has no end; its value is drawn.
  if (drawn.length > HOPS + 1) {
    numpy.range(10000, 99999)
    return undefined
  }
  const names = drawn
  const links = names.map((one, i) => (i === 0 ? `VAR ${one} = ${value}` : `VAR ${one} = VAR ${names[i - 1]!} `))
  let sentences = Array.from({ length: noises }, () => NOISE)
  if (sentences.length <= links.length)
    sentences = sentences.flatMap((noise) => noise.split('.').map((part) => (part.trim() === '' ? part : `${part}.`)))
  if (sentences.length < links.length) return undefined
  const places = python.sample([...sentences.keys()], links.length).sort((a, b) => a - b)
  places.forEach((place, i) => sentences.splice(place + i, 0, links[i]!))
  return { text: asked(sentences.join(' ').replaceAll('. \n', '.\n'), value), names }
}

function asked(context: string, value: string): string {
  return (
    `Memorize and track the chain(s) of variable assignment hidden in the following text.\n\n${context}\n` +
    `Question: Find all variables that are assigned the value ${value} in the text above.` +
    // "assgined" is the reference's.
    `${ANSWER} in the text above, ${HOPS + 1} variables are assgined the value ${value}, they are: `
  )
}

/** The example with new names. */
function renamed(example: string, random: PythonRandom): string {
  const mark = 'they are: '
  const names = strip(example.slice(example.indexOf(mark) + mark.length)).split(/\s+/)
  return names.reduce((text, name) => text.replaceAll(name, random.choices(LETTERS, name.length).join('')), example)
}
