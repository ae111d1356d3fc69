/** How far a long prompt is read, told in streams before an answer's first piece. */
import { z } from 'zod'
import type { PromptProgress } from '../../remote/engine-like.js'

export const returnProgress = z
  .boolean()
  .nullish()
  .describe('In a stream: how much of the prompt is read, in chunks with prompt_progress before those of the answer.')

/** Of prompts with fewer tokens to compute nothing is said unless it is asked for: they are read in one step. */
const LONG = 256

/** A comment of server-sent events, which every client skips: the connection lives, and somebody who looks knows why it waits. */
export function* progressComment({ readTokens, promptTokens, cachedTokens }: PromptProgress): Generator<string> {
  if (promptTokens - cachedTokens >= LONG) yield `: reading ${readTokens} of ${promptTokens} tokens\n\n`
}

/** As llama.cpp has it (tools/server/README.md, return_progress). @param began when the request came */
export function progressOf({ readTokens, promptTokens, cachedTokens }: PromptProgress, began: number) {
  return {
    prompt_progress: {
      total: promptTokens,
      cache: cachedTokens,
      processed: readTokens,
      time_ms: Math.round(performance.now() - began),
    },
  }
}
