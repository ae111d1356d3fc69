import type { EmbeddedTokenizer } from '../checkpoint.js'

const PREFIX = 'tokenizer.ggml.'

/** The tokenizer and the chat template among a file's metadata. */
export function embeddedTokenizer(metadata: ReadonlyMap<string, unknown>): EmbeddedTokenizer {
  const entries = [...metadata].filter(([key]) => key.startsWith(PREFIX))
  const chatTemplate = metadata.get('tokenizer.chat_template')
  const toolTemplate = metadata.get('tokenizer.chat_template.tool_use')
  return {
    vocabulary: new Map(entries.map(([key, value]) => [key.slice(PREFIX.length), value])),
    ...(typeof chatTemplate === 'string' && { chatTemplate }),
    ...(typeof toolTemplate === 'string' && { toolTemplate }),
  }
}
