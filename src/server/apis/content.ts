import { unsupported } from '../http/api-error.js'

type Part = { readonly type: string }
type Content = string | readonly Part[] | null | undefined

/** Text of a message's content; a refusal is text too. @throws ApiError that names the part that is not text. */
export function textOf(content: Content, param: string): string {
  if (content === null || content === undefined) return ''
  if (typeof content === 'string') return content
  return content
    .map((part, i) => {
      const text = ownText(part)
      if (text !== undefined) return text
      if (part.type === 'refusal' && 'refusal' in part && typeof part.refusal === 'string') return part.refusal
      const where = `${param}[${i}]`
      throw unsupported(`${where}.type`, `${where}: content of type ${part.type} is not supported; send text`)
    })
    .join('')
}

/**
 * The text of a tool's result. What is no text is named in its place: the conversation can continue.
 * @param textIn the text of a part that has one
 */
export function resultText(content: Content, textIn: (part: Part, at: number) => string | undefined = ownText): string {
  if (content === null || content === undefined) return ''
  if (typeof content === 'string') return content
  const texts = content.map(
    (part, i) => textIn(part, i) ?? `[${part.type.slice(0, 40)}: not shown, the model reads text only]`,
  )
  return texts.join(content.every((part) => ownText(part) !== undefined) ? '' : '\n')
}

function ownText(part: Part): string | undefined {
  return 'text' in part && typeof part.text === 'string' ? part.text : undefined
}
