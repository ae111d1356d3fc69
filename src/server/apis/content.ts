import { unsupported } from '../http/api-error.js'

type Content = string | readonly { readonly type: string }[] | null | undefined

/** Text of a message's content; a refusal is text too. @throws ApiError that names the part that is not text. */
export function textOf(content: Content, param: string): string {
  if (content === null || content === undefined) return ''
  if (typeof content === 'string') return content
  return content
    .map((part, i) => {
      if ('text' in part && typeof part.text === 'string') return part.text
      if (part.type === 'refusal' && 'refusal' in part && typeof part.refusal === 'string') return part.refusal
      const where = `${param}[${i}]`
      throw unsupported(`${where}.type`, `${where}: content of type ${part.type} is not supported; send text`)
    })
    .join('')
}
