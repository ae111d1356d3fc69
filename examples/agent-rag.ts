// Answers out of the texts of a folder: embeddings, cosine, an answer that names its sources; no framework, no database.
// Run: node examples/agent-rag.ts MODEL FOLDER "How long is the warranty?"
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { loadEngine, type Engine } from 'kaiyuan'

/** Characters of a passage, and of what two neighbours share. */
const LENGTH = 800
const OVERLAP = 200
const BEST = 3

export interface Passage {
  readonly file: string
  readonly text: string
  readonly vector: Float32Array
}

/** What is needed of an engine; the one behind a worker has it too. */
export type Reader = Pick<Engine, 'chat'> & {
  encode(text: string): number[] | Promise<number[]>
  embed(ids: readonly number[], pooling?: 'mean'): Promise<Float32Array>
}

const vectorOf = async (engine: Reader, text: string): Promise<Float32Array> =>
  engine.embed(await engine.encode(text), 'mean')

/** The passages of all texts of a folder, with their vectors of length 1. */
export async function index(engine: Reader, folder: string): Promise<Passage[]> {
  const passages: Passage[] = []
  for (const file of (await readdir(folder)).filter((name) => /\.(md|txt)$/.test(name)).sort()) {
    const text = await readFile(join(folder, file), 'utf8')
    for (let at = 0; at === 0 || at + OVERLAP < text.length; at += LENGTH - OVERLAP) {
      const passage = text.slice(at, at + LENGTH)
      passages.push({ file, text: passage, vector: await vectorOf(engine, passage) })
    }
  }
  return passages
}

/** The passages that are closest to a question: the cosine of vectors of length 1 is their product. */
export async function closest(engine: Reader, passages: readonly Passage[], question: string): Promise<Passage[]> {
  const asked = await vectorOf(engine, question)
  const score = ({ vector }: Passage): number => vector.reduce((sum, value, i) => sum + value * asked[i]!, 0)
  return [...passages].sort((a, b) => score(b) - score(a)).slice(0, BEST)
}

export async function answer(engine: Reader, passages: readonly Passage[], question: string): Promise<string> {
  const found = await closest(engine, passages, question)
  const sources = found.map(({ file, text }) => `${file}:\n${text}`).join('\n\n')
  const content = `${sources}\n\nAnswer from these texts alone and name the file: ${question}`
  return (await engine.chat([{ role: 'user', content }], { maxTokens: 300 }).result).text
}

if (import.meta.filename === process.argv[1]) {
  const [, , model = 'mini', folder = '.', question = 'What is this about?'] = process.argv
  await using engine = await loadEngine(model)
  console.log(await answer(engine, await index(engine, folder), question))
}
