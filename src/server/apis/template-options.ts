import { z } from 'zod'
import { badRequest } from '../http/api-error.js'

export const effortSchema = z
  .enum(['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'])
  .describe('Given to the chat template as reasoning_effort; none also as enable_thinking: false.')

export const templateVariables = z
  .record(z.string(), z.unknown())
  .nullish()
  .describe('Further variables of the template.')

/** How the prompt ends. */
export const promptFields = {
  add_generation_prompt: z.boolean().nullish().describe('false: the prompt ends with the last message.'),
  continue_final_message: z
    .boolean()
    .nullish()
    .describe('The answer continues with the last message. Default: true where it is of the assistant, without calls.'),
}

type PromptFields = z.output<z.ZodObject<typeof promptFields>>

/** What is said about thinking, by the names of several APIs. */
export interface Thinking {
  readonly effort?: string | null | undefined
  readonly enabled?: boolean | null | undefined
}

/** Variables of the chat template from how much the client wants to be thought; its own variables go before. */
export function templateOptions(
  { effort, enabled }: Thinking,
  given: Record<string, unknown> | null | undefined,
): Record<string, unknown> | undefined {
  const options = {
    ...(effort && { reasoning_effort: effort }),
    ...(effort && { enable_thinking: effort !== 'none' }),
    ...(typeof enabled === 'boolean' && { enable_thinking: enabled }),
    ...given,
  }
  return Object.keys(options).length > 0 ? options : undefined
}

interface Turn {
  readonly role: string
  readonly content?: unknown
  readonly tool_calls?: readonly unknown[] | null | undefined
  readonly prefix?: boolean | null | undefined
  readonly partial?: boolean | null | undefined
}

/**
 * How the prompt of these messages ends: an assistant's last message without calls is continued, unless the request says
 * otherwise.
 * @throws ApiError for what does not go together
 */
export function promptEnd(
  messages: readonly Turn[],
  { add_generation_prompt: begins, continue_final_message: continues }: PromptFields,
): { readonly continueFinalMessage?: boolean; readonly addGenerationPrompt?: boolean } {
  const last = messages.at(-1)
  const isAnswer = last?.role === 'assistant' && !last.tool_calls?.length
  if (continues && begins)
    throw badRequest('add_generation_prompt', 'add_generation_prompt does not go with continue_final_message')
  if (continues && !isAnswer) {
    const expected = 'expected a last message of the assistant, with text and without calls'
    throw badRequest('continue_final_message', `continue_final_message: ${expected}`)
  }
  const marked = last?.prefix ?? last?.partial
  if (isAnswer && (continues ?? marked ?? begins !== true)) return { continueFinalMessage: true }
  return begins === false ? { addGenerationPrompt: false } : {}
}
