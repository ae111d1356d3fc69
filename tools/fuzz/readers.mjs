// What reads files, each with its mutants: a number makes the same one every time.
import { damageBytes, damageJsonFile, damageText } from './mutators.mjs'

const MESSAGES = [
  { role: 'user', content: 'Hi <s> there' },
  {
    role: 'assistant',
    content: null,
    tool_calls: [{ id: 'c', type: 'function', function: { name: 'f', arguments: '{"a":1}' } }],
  },
  { role: 'tool', tool_call_id: 'c', content: 'x' },
]
const TEXTS = [
  '',
  ' ',
  'hello the world 123',
  `${'a'.repeat(40)}!`,
  ' \u00bd\ufeff \n\n\t x',
  '<s>in the end</s> <|im_end|> \u{1f600}\u0301',
  'th'.repeat(300),
  `${' '.repeat(300)}x`,
]

/** How likely each reader is. */
const WEIGHTS = {
  config: 18,
  safetensors: 12,
  index: 5,
  gguf: 15,
  ggufVocabulary: 5,
  tokenizer: 21,
  sentencePiece: 7,
  ranked: 8,
  template: 4,
  settings: 5,
}

/** The mutant of a number: {reader, files, main?}. */
export function mutant(whole, chance, number) {
  if (number < whole.former.length) return whole.former[number]
  const reader = weighted(chance)
  return { reader, ...MAKERS[reader](whole, chance) }
}

function weighted(chance) {
  let left = chance.next() * Object.values(WEIGHTS).reduce((sum, weight) => sum + weight, 0)
  for (const [reader, weight] of Object.entries(WEIGHTS)) if ((left -= weight) < 0) return reader
  return 'config'
}

const changed = (files, name, damage, chance) => ({ files: { ...files, [name]: damage(files[name], chance) } })

const MAKERS = {
  config: ({ golden }, chance) => changed(chance.of(golden), 'config.json', damageJsonFile, chance),
  safetensors: ({ golden }, chance) => changed(chance.of(golden), 'model.safetensors', damageBytes, chance),
  index({ sharded }, chance) {
    const name = chance.of([
      'model.safetensors.index.json',
      'model.safetensors.index.json',
      'model-00001-of-00002.safetensors',
    ])
    return changed(sharded, name, name.endsWith('.json') ? damageJsonFile : damageBytes, chance)
  },
  gguf: ({ gguf }, chance) => ({ ...changed(chance.of(gguf), 'model.gguf', damageBytes, chance), main: 'model.gguf' }),
  // The vocabulary of a GGUF file is in its first part.
  ggufVocabulary({ gguf }, chance) {
    const files = chance.of(gguf)
    const bytes = files['model.gguf']
    const head = Math.min(bytes.length, 20_000)
    const damaged = damageBytes(bytes.subarray(0, head), chance)
    const all = new Uint8Array(damaged.length + bytes.length - head)
    all.set(damaged)
    all.set(bytes.subarray(head), damaged.length)
    return { files: { 'model.gguf': all }, main: 'model.gguf' }
  },
  tokenizer: ({ tokenizers }, chance) => changed(chance.of(tokenizers), 'tokenizer.json', damageJsonFile, chance),
  sentencePiece: ({ sentencePieces }, chance) =>
    changed(chance.of(sentencePieces), 'tokenizer.model', damageBytes, chance),
  ranked({ ranked }, chance) {
    const { file, files } = chance.of(ranked)
    return changed(
      files,
      file,
      file.endsWith('.json') ? damageJsonFile : chance.is(0.5) ? damageText : damageBytes,
      chance,
    )
  },
  template({ mini }, chance) {
    const template = JSON.parse(new TextDecoder().decode(mini['tokenizer_config.json'])).chat_template
    return { files: { ...mini, 'chat_template.jinja': damageText(new TextEncoder().encode(template), chance) } }
  },
  settings: ({ mini }, chance) =>
    changed(mini, chance.of(['generation_config.json', 'tokenizer_config.json']), damageJsonFile, chance),
}

/** Reads a mutant as far as it can be read: true where it ran, false where it was refused. */
export async function read(product, { reader, files, main }, chance) {
  const { memoryFiles, openCheckpoint, buildProgram, decodeRows, programWeights, loadEngineFrom } = product
  const given = Object.fromEntries(Object.entries(files).filter(([, bytes]) => bytes !== undefined))
  if (['tokenizer', 'sentencePiece', 'ranked'].includes(reader)) return tokenize(product, given)
  const checkpoint = await openCheckpoint(memoryFiles('model', given, main))
  const program = await buildProgram(checkpoint)
  if (reader === 'template' || reader === 'settings') return converse(product, checkpoint)
  if (reader === 'ggufVocabulary') return tokenizeWith(await product.loadTokenizer(checkpoint))
  for (const weight of programWeights(program).values()) {
    const tensor = checkpoint.tensor(weight.name, weight.shape, weight.part)
    await decodeRows(tensor, 0, Math.min(2, tensor.rows))
  }
  // Two tokens of some of them: loading costs as much as a hundred readings.
  if (!chance.is(reader === 'config' ? 0.1 : 0.02)) return
  const engine = await loadEngineFrom(checkpoint, {
    threads: 1,
    precision: 'exact',
    contextLength: Math.min(64, program.contextLength),
  })
  try {
    await engine.generate([1, 2, 3], { maxTokens: 2 }).result
  } finally {
    await engine.close()
  }
}

async function tokenize({ memoryFiles, loadTokenizer }, files) {
  const open = memoryFiles('model', files)
  const parse = async (name) => {
    const source = await open.open(name)
    return source && JSON.parse(new TextDecoder().decode(await source.read(0, source.size)))
  }
  const checkpoint = {
    name: 'model',
    config: (await parse('config.json')) ?? {},
    file: (name) => open.open(name),
    json: parse,
  }
  tokenizeWith(await loadTokenizer(checkpoint))
}

function tokenizeWith(tokenizer) {
  if (!tokenizer) return
  for (const text of TEXTS)
    for (const parseSpecial of [true, false]) {
      const ids = tokenizer.encode(text, { parseSpecial })
      const wrong = ids.find((id) => !Number.isInteger(id) || id < 0 || id >= tokenizer.vocabSize)
      if (ids.length > 0 && wrong !== undefined)
        throw new Error(`the id ${wrong} came out of ${JSON.stringify(text.slice(0, 40))}`)
      tokenizer.decode(ids.filter((id) => tokenizer.bytesOf(id) !== null))
    }
}

async function converse({ loadTokenizer, loadChatTemplate, generationDefaults, stopIdsOf }, checkpoint) {
  const tokenizer = await loadTokenizer(checkpoint)
  const generation = (await checkpoint.json('generation_config.json')) ?? {}
  generationDefaults(generation)
  stopIdsOf(checkpoint.config, generation, tokenizer)
  const template = await loadChatTemplate(checkpoint)
  const text = template?.render(MESSAGES, {
    tools: [
      { type: 'function', function: { name: 'f', description: 'd', parameters: { type: 'object', properties: {} } } },
    ],
  })
  if (text !== undefined) tokenizer?.encode(text, { addSpecial: false })
}
