import type { Speculation } from '../engine/answer/drafter.js'
import type { Engine } from '../engine/engine.js'
import type { GenerationResult } from '../engine/answer/generation.js'
import { UserError } from '../errors.js'
import { textOf } from './text-file.js'

/** Speculation against one token a step, on the same prompts, greedy. */
export interface SpeculationBench {
  readonly how: Speculation
  readonly prompts: number
  readonly tokens: number
  readonly drafted: number
  readonly accepted: number
  /** accepted / drafted; 0 where nothing was drafted. */
  readonly acceptance: number
  readonly tokensPerStep: number
  readonly plainTokensPerSecond: number
  readonly tokensPerSecond: number
  readonly ratio: number
}

/** Each prompt plain and speculating, in turns; speeds are those of all answers together. @throws Error when an answer differs. */
export async function benchSpeculation(
  engine: Engine,
  how: Speculation,
  prompts: readonly (string | readonly number[])[],
  maxTokens: number,
  signal: AbortSignal,
): Promise<SpeculationBench> {
  const ask = async (prompt: string | readonly number[], speculate: Speculation | 'off'): Promise<GenerationResult> => {
    const options = { maxTokens, temperature: 0, speculate, signal }
    if (typeof prompt !== 'string') return engine.generate(prompt, { ...options, ignoreEos: true }).result
    if (!engine.info.hasChatTemplate) return engine.complete(prompt, options).result
    return engine.chat([{ role: 'user', content: prompt }], options).result
  }
  const sum = { tokens: 0, plainMs: 0, ms: 0, drafted: 0, accepted: 0, steps: 0 }
  await ask(prompts[0]!, how)
  for (const prompt of prompts) {
    // Speculation first: what plain decoding leaves in the shared cache has no rows of the draft.
    const speculative = await ask(prompt, how)
    const plain = await ask(prompt, 'off')
    if (signal.aborted) throw new UserError('cancelled', 'aborted')
    if (speculative.ids.join() !== plain.ids.join()) throw new Error('internal error: speculation changed an answer')
    // The first token comes out of the prompt's step.
    sum.tokens += plain.ids.length - 1
    sum.plainMs += plain.timings.decodeMs
    sum.ms += speculative.timings.decodeMs
    for (const key of ['drafted', 'accepted', 'steps'] as const) sum[key] += speculative.speculation![key]
  }
  const perSecond = (ms: number): number => (sum.tokens / ms) * 1000
  return {
    ...{ how, prompts: prompts.length, tokens: sum.tokens, drafted: sum.drafted, accepted: sum.accepted },
    acceptance: sum.drafted === 0 ? 0 : sum.accepted / sum.drafted,
    tokensPerStep: sum.tokens / sum.steps,
    plainTokensPerSecond: perSecond(sum.plainMs),
    tokensPerSecond: perSecond(sum.ms),
    ratio: sum.plainMs / sum.ms,
  }
}

/** Prompts of a file, one a line: plain text, or JSON objects with a `prompt`. @throws UserError */
export async function readPrompts(file: string): Promise<string[]> {
  const text = await textOf(file)
  const lines = text.split('\n').filter((line) => line.trim() !== '')
  if (lines.length === 0) throw new UserError(`${file}: expected a prompt on each line, found none`, 'invalid_file')
  return lines.map((line) => promptOf(line))
}

function promptOf(line: string): string {
  if (!line.startsWith('{')) return line
  try {
    const { prompt } = JSON.parse(line) as { prompt?: unknown }
    return typeof prompt === 'string' ? prompt : line
  } catch {
    return line
  }
}

export function speculationText(s: SpeculationBench): string {
  return (
    `speculation ${s.tokensPerSecond.toFixed(1)} tok/s by ${s.how}, ${s.ratio.toFixed(2)} times the ${s.plainTokensPerSecond.toFixed(1)} without ` +
    `(${s.prompts} prompts, ${s.tokens} tokens): ${s.accepted} of ${s.drafted} drafted tokens were accepted (${(s.acceptance * 100).toFixed(1)} %), ` +
    `${s.tokensPerStep.toFixed(2)} tokens a step; the answers are the same\n`
  )
}
