import { z } from 'zod'
import type { ToolDefinition } from '../../chat/message.js'
import { isJsonObject } from '../../json.js'
import { toolDefinition } from './tool-calls.js'

/** Tools whose input is a text: to the model, functions of one argument with this name. */
const INPUT = 'input'

const grammar = z.strictObject({
  syntax: z.enum(['lark', 'regex']),
  definition: z.string().min(1).max(262_144),
})

/** What the input looks like; chat completions have the grammar in an object of its own, responses do not. */
export const customFormat = z.union([
  z.strictObject({ type: z.literal('text') }),
  z.strictObject({ type: z.literal('grammar'), grammar }),
  z.strictObject({ type: z.literal('grammar'), ...grammar.shape }),
])

type CustomFormat = z.output<typeof customFormat>

/** A custom tool as a function that templates can show. */
export function customTool(tool: {
  readonly name: string
  readonly description?: string | null | undefined
  readonly format?: CustomFormat | null | undefined
}): ToolDefinition {
  const { name, description, format } = tool
  const held = format ? heldText(format) : undefined
  const told =
    held && `The input is a text of this ${held.kind === 'lark' ? 'Lark grammar' : 'regular expression'}:\n${held.text}`
  return {
    ...toolDefinition({
      name,
      description: [description, told].filter(Boolean).join('\n\n'),
      parameters: {
        type: 'object',
        properties: { [INPUT]: { type: 'string', description: 'The whole input, as it is.' } },
        required: [INPUT],
        additionalProperties: false,
      },
    }),
    ...(held && { input: held }),
  }
}

function heldText(format: CustomFormat): ToolDefinition['input'] {
  if (format.type === 'text') return undefined
  const { syntax, definition } = 'grammar' in format ? format.grammar : format
  return { kind: syntax, text: definition }
}

/** The input that a call's arguments hold; of arguments that are cut off, what had come. */
export function inputOf(argumentsJson: string): string {
  try {
    const value = JSON.parse(argumentsJson) as unknown
    const input = isJsonObject(value) ? value[INPUT] : undefined
    return typeof input === 'string' ? input : argumentsJson
  } catch {
    return new InputText().push(argumentsJson)
  }
}

/** A call of a custom tool as a call of its function. */
export function argumentsOfInput(input: string): string {
  return JSON.stringify({ [INPUT]: input })
}

/** The input of a call whose arguments come in pieces: the characters of their one string. */
export class InputText {
  private begun = false
  private ended = false
  private held = ''

  push(piece: string): string {
    if (this.ended) return ''
    this.held += piece
    if (!this.begun) {
      const start = /^\s*\{\s*"input"\s*:\s*"/.exec(this.held)
      if (!start) return ''
      this.begun = true
      this.held = this.held.slice(start[0].length)
    }
    // Whole characters and whole escapes up to the closing quote.
    const sure =
      /^(?:[^"\\]|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[0-9a-fA-F]{4}|\\u(?![dD][89abAB])[0-9a-fA-F]{4}|\\["\\/bfnrt])*/.exec(
        this.held,
      )![0]
    this.held = this.held.slice(sure.length)
    if (this.held.startsWith('"')) this.ended = true
    return JSON.parse(`"${sure}"`) as string
  }
}
