// The vocabulary that grammars are measured with: a model's own, or one made up with as many tokens as Qwen's.
const COLUMNS = 151_936
const encoder = new TextEncoder()

/** Bytes by id, ids that end an answer, and how a text becomes tokens. */
export async function vocabularyOf(model) {
  if (model === undefined) return madeUp()
  const { loadTokenizer } = await import('../../dist/tokenizer/load.js')
  const { openCheckpoint } = await import('../../dist/models/open.js')
  const { nodeFiles } = await import('../../dist/checkpoint/files/node.js')
  const checkpoint = await openCheckpoint(await nodeFiles(model))
  const tokenizer = await loadTokenizer(checkpoint)
  const stops = new Set(tokenizer.eosIds)
  const columns = checkpoint.metadata?.['qwen2.vocab_size'] ?? Math.max(COLUMNS, tokenizer.vocabSize)
  const tokens = Array.from({ length: columns }, (_, id) =>
    id < tokenizer.vocabSize && !stops.has(id) ? (tokenizer.bytesOf(id) ?? undefined) : undefined,
  )
  return { tokens, stops, encode: (text) => tokenizer.encode(text, { addSpecial: false, parseSpecial: false }) }
}

/** As byte-pair vocabularies are: mostly word pieces, one in twelve with signs in it. */
function madeUp() {
  let state = 1
  const random = () => (state = (state * 48271) % 2147483647) / 2147483647
  const letters = 'etaoinshrdlcumwfgypbvkjxqzETAOINSHRDLC'
  const signs = '.,":{}[]0123456789_-+*/()<>=;#'
  const pick = (from) => from[Math.floor(random() * from.length)]
  const tokens = Array.from({ length: COLUMNS }, (_, id) => {
    if (id === COLUMNS - 1) return undefined
    if (id < 256) return Uint8Array.of(id)
    const from = random() < 1 / 12 ? letters + signs : letters
    const text = Array.from({ length: 1 + Math.floor(random() * 9) }, () => pick(from)).join('')
    return encoder.encode(random() < 0.5 ? ` ${text}` : text)
  })
  return { tokens, stops: new Set([COLUMNS - 1]), encode: longest(tokens) }
}

/** Takes the longest token each time. */
function longest(tokens) {
  const ids = new Map(tokens.map((bytes, id) => [bytes ? String.fromCharCode(...bytes) : '', id]))
  return (text) => {
    const bytes = String.fromCharCode(...encoder.encode(text))
    const out = []
    for (let at = 0; at < bytes.length;) {
      let length = 10
      while (length > 1 && !ids.has(bytes.slice(at, at + length))) length--
      out.push(ids.get(bytes.slice(at, at + length)))
      at += length
    }
    return out
  }
}
