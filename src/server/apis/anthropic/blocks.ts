import { unsupported } from '../../http/api-error.js'
import { textOf } from '../content.js'

/** What the schema says of blocks by their type; TypeScript sees only that the last alternative may have any. */
interface KnownBlocks {
  text: { readonly text: string }
  thinking: { readonly thinking: string }
  tool_use: { readonly id: string; readonly name: string; readonly input: Record<string, unknown> }
  tool_result: {
    readonly tool_use_id: string
    readonly content?: string | { type: string }[]
    readonly is_error?: boolean
  }
  document: {
    readonly source: { readonly type: string }
    readonly title?: string | null
    readonly context?: string | null
  }
  search_result: { readonly source: string; readonly title: string; readonly content: { type: string }[] }
}

export function isBlock<K extends keyof KnownBlocks>(
  block: { type: string },
  type: K,
): block is { type: K } & KnownBlocks[K] {
  return block.type === type
}

/** The text of a block that has one, also of documents and of what a search found; undefined for others. @throws ApiError */
export function blockText(block: { type: string }, where: string): string | undefined {
  if (isBlock(block, 'text')) return block.text
  if (isBlock(block, 'document')) {
    const { source, title, context } = block
    const text =
      'data' in source
        ? String(source.data)
        : 'content' in source
          ? textOf(source.content as string, `${where}.source.content`)
          : undefined
    if (text === undefined || (source.type !== 'text' && source.type !== 'content'))
      throw unsupported(
        `${where}.source`,
        `${where}: a document of type ${source.type} is not supported; send its text`,
      )
    return [title, context, text].filter(Boolean).join('\n')
  }
  if (isBlock(block, 'search_result'))
    return [block.title, block.source, textOf(block.content, `${where}.content`)].filter(Boolean).join('\n')
  return undefined
}
