import type { ChatMessage } from '../chat/message.js'
import { UserError } from '../errors.js'
import type { EngineLike, Generation, GenerationResult } from '../remote/engine-like.js'
import { generateOptions, parseIds, type LoadFlags, type SamplingFlags } from './flags.js'
import { cancelOnInterrupt, looksLikeModel, openModel, printJson } from './model.js'
import { style } from './style.js'

export interface RunFlags extends LoadFlags, SamplingFlags {
  readonly raw?: boolean
  readonly ids?: string
  readonly system?: string
  readonly json?: boolean
}

/** One prompt, one answer. A single argument that is no model is a prompt for mini. */
export async function run(first: string | undefined, second: string | undefined, flags: RunFlags): Promise<void> {
  const onlyPrompt = second === undefined && first !== undefined && flags.ids === undefined && !looksLikeModel(first)
  const [model, prompt] = onlyPrompt ? [undefined, first] : [first, second]
  const ids = flags.ids === undefined ? undefined : parseIds(flags.ids)
  if (ids === undefined && (prompt ?? '').trim() === '')
    throw new UserError(
      'expected a prompt, found none: kaiyuan run [MODEL] "your question" (kaiyuan chat opens a conversation)',
      'invalid_argument',
    )
  const signal = cancelOnInterrupt()
  const engine = await openModel(model, flags, signal)
  try {
    const generation = start(engine, prompt ?? '', ids, flags, signal)
    const result = flags.json || !engine.info.hasTokenizer ? await generation.result : await stream(generation)
    if (flags.json) printJson(result)
    else if (!engine.info.hasTokenizer) process.stdout.write(`${result.ids.join(' ')}\n`)
    if (result.finishReason === 'abort') throw new UserError('cancelled', 'aborted')
  } finally {
    await engine.close()
  }
}

function start(
  engine: EngineLike,
  prompt: string,
  ids: number[] | undefined,
  flags: RunFlags,
  signal: AbortSignal,
): Generation {
  const options = { ...generateOptions(flags), signal }
  if (ids) return engine.generate(ids, options)
  if (flags.raw || !engine.info.hasChatTemplate) return engine.complete(prompt, options)
  const system: ChatMessage[] = flags.system === undefined ? [] : [{ role: 'system', content: flags.system }]
  return engine.chat([...system, { role: 'user', content: prompt }], options)
}

/** Prints parts as they come: reasoning and tool calls dimmed, the answer as it is. */
export async function stream(generation: Generation): Promise<GenerationResult> {
  let last: string | undefined
  for await (const part of generation) {
    if (last !== undefined && last !== part.kind) process.stdout.write('\n\n')
    else if (part.kind === 'tool-call' && last !== undefined) process.stdout.write('\n')
    last = part.kind
    const text = part.kind === 'tool-call' ? `${part.call.name}(${part.call.arguments})` : part.text
    process.stdout.write(part.kind === 'text' ? text : style('dim', text))
  }
  process.stdout.write('\n')
  return generation.result
}
