/** What an MCP server gives for a call. */
import { isJsonObject } from '../../json.js'
import { resultText } from '../loop/wording.js'

export interface McpResult {
  readonly content: readonly McpContent[]
  readonly structured?: unknown
}

type McpContent = Readonly<Record<string, unknown>> & { readonly type: string }

/** @throws Error with the server's words where the call failed */
export function resultOf(given: unknown): McpResult {
  const { content, structuredContent, isError } = isJsonObject(given) ? given : {}
  const parts = Array.isArray(content) ? (content as unknown[]).filter(isContent) : []
  const result = { content: parts, ...(structuredContent !== undefined && { structured: structuredContent }) }
  if (isError === true) throw new Error(resultMedia(result))
  return result
}

function isContent(part: unknown): part is McpContent {
  return isJsonObject(part) && typeof part['type'] === 'string'
}

/** The texts of a result; what is no text is named. Structured content is only told where there is no text, which says the same. */
export function resultMedia({ content, structured }: McpResult): string {
  const texts = content.map(partText).filter((text) => text !== '')
  if (texts.length > 0) return texts.join('\n')
  return structured === undefined ? 'done' : resultText(structured)
}

function partText(part: McpContent): string {
  switch (part.type) {
    case 'text':
      return wordOf(part['text'])
    case 'image':
    case 'audio':
      return `[${wordOf(part['mimeType'])}, ${sizeOf(part['data'])}]`
    case 'resource_link':
      return `[link to ${wordOf(part['name'])}: ${wordOf(part['uri'])}]`
    case 'resource': {
      const resource = isJsonObject(part['resource']) ? part['resource'] : {}
      if (typeof resource['text'] === 'string') return resource['text']
      return `[${wordOf(resource['uri'])}: ${wordOf(resource['mimeType'], 'data')}, ${sizeOf(resource['blob'])}]`
    }
    default:
      return `[${part.type}]`
  }
}

function wordOf(value: unknown, otherwise = ''): string {
  return typeof value === 'string' ? value : otherwise
}

/** Of data in base64. */
function sizeOf(data: unknown): string {
  const bytes = typeof data === 'string' ? Math.floor((data.length * 3) / 4) : 0
  return bytes < 1_000 ? `${bytes} bytes` : `${Math.round(bytes / 1_000)} kB`
}
