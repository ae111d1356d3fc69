// What a hostile or broken template, answer or grammar is tried with; runaway.test.ts runs it in a thread that can be ended.
import { gemma4 } from '../../src/chat/dialects/gemma.js'
import { llama4Pythonic } from '../../src/chat/dialects/llama.js'
import { jinjaTemplate } from '../../src/chat/template.js'
import { UserError } from '../../src/errors.js'

/** The code of the UserError that a template ends with, or the beginning of its text. */
export function rendered(source: string): string {
  try {
    return jinjaTemplate(source, { bos_token: '<s>' }, 'test')
      .render([{ role: 'user', content: 'hi' }])
      .slice(0, 20)
  } catch (error) {
    return error instanceof UserError ? error.code : `no UserError: ${String(error)}`
  }
}

/** What an answer of Gemma or Llama comes to, where that is text alone. */
export function plain({ dialect, text }: { dialect: 'gemma' | 'llama'; text: string }): boolean {
  const tools = [{ type: 'function' as const, function: { name: 'f' } }]
  const parser = (dialect === 'gemma' ? gemma4 : llama4Pythonic).parser({ prompt: 'Q', tools, newId: () => 'id' })
  const parts = [...parser.push(text), ...parser.flush()]
  return (
    parts.every(({ kind }) => kind === 'text') &&
    parts.map((part) => ('text' in part ? part.text : '')).join('') === text
  )
}
