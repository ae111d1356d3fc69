import { z } from 'zod'

export const effortSchema = z
  .enum(['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'])
  .describe('Given to the chat template as reasoning_effort; none also as enable_thinking: false.')

export const templateVariables = z
  .record(z.string(), z.unknown())
  .nullish()
  .describe('Further variables of the template.')

/** Variables of the chat template from how much the client wants to be thought; its own variables go before. */
export function templateOptions(
  effort: string | null | undefined,
  given: Record<string, unknown> | null | undefined,
): Record<string, unknown> | undefined {
  const options = {
    ...(effort && { reasoning_effort: effort }),
    ...(effort && { enable_thinking: effort !== 'none' }),
    ...given,
  }
  return Object.keys(options).length > 0 ? options : undefined
}
