import type { Engine } from '../engine/engine.js'
import type { Generation, GenerationResult } from '../engine/answer/generation.js'
import type { TokenChoice } from '../engine/sample/likelihood.js'
import { UserError } from '../errors.js'
import type {
  Answer,
  CallResult,
  ChatCall,
  CompleteCall,
  EmbedCall,
  EncodeCall,
  EngineCall,
  EngineSide,
  EngineStatus,
  NamedChoice,
  Piece,
  ScoreCall,
  SentError,
} from './protocol.js'

/** Serves the calls that come down the line from one engine, all side by side, until it is closed. */
export function answerCalls(engine: Engine, line: EngineSide): void {
  const open = new Map<number, AbortController>()
  const status = countSteps(engine)
  line.onMessage((message) => {
    if (message.type === 'cancel') return open.get(message.id)?.abort()
    if (message.type === 'close') return void engine.close()
    const { id, call } = message
    const controller = new AbortController()
    open.set(id, controller)
    const send = (piece: Piece): void => line.send({ type: 'piece', id, piece })
    answer(engine, call, status, send, controller.signal)
      .then(
        (result) => line.send({ type: 'result', id, result }),
        (error: unknown) => line.send({ type: 'error', id, error: sentError(error) }),
      )
      .finally(() => open.delete(id))
  })
  line.send({ type: 'loaded', info: engine.info })
}

export function sentError(error: unknown): SentError {
  if (error instanceof UserError) {
    const { fault, code, at, remedies } = error
    return { message: fault, code, at, remedies }
  }
  if (!(error instanceof Error)) return { message: String(error) }
  return { message: error.message, ...(error.stack !== undefined && { stack: error.stack }) }
}

async function answer(
  engine: Engine,
  call: EngineCall,
  status: () => EngineStatus,
  send: (piece: Piece) => void,
  signal: AbortSignal,
): Promise<CallResult> {
  switch (call.kind) {
    case 'chat':
    case 'complete':
      return relay(engine, begin(engine, call, signal), send)
    case 'encode':
      return encode(engine, call)
    case 'decode':
      return { text: engine.decode(call.ids) }
    case 'score':
      return score(engine, call, signal)
    case 'embed':
      return embed(engine, call, signal)
    case 'status':
      return status()
  }
}

function begin(engine: Engine, call: ChatCall | CompleteCall, signal: AbortSignal): Generation {
  const options = { ...call.options, signal }
  if (call.kind === 'chat') {
    const { messages, tools, templateOptions } = call
    return engine.chat(messages, { ...options, tools: tools && [...tools], templateOptions })
  }
  return typeof call.prompt === 'string' ? engine.complete(call.prompt, options) : engine.generate(call.prompt, options)
}

/** Sends the parts as they come, each with the tokens that were chosen up to then. */
async function relay(engine: Engine, generation: Generation, send: (piece: Piece) => void): Promise<Answer> {
  let named = 0
  const choices = (): Pick<Piece, 'choices'> => {
    const fresh = generation.choices.slice(named)
    named += fresh.length
    return fresh.length > 0 ? { choices: fresh.map((choice) => nameChoice(engine, choice)) } : {}
  }
  let begun = false
  const prompt = (): Pick<Piece, 'prompt'> => {
    if (begun || !generation.prompt) return {}
    begun = true
    return { prompt: generation.prompt }
  }
  for await (const part of generation) send({ ...prompt(), part, ...choices() })
  const last = { ...prompt(), ...choices() }
  if (last.choices ?? last.prompt) send(last)
  return answerOf(await generation.result)
}

function answerOf(result: GenerationResult): Answer {
  const { text, reasoning, toolCalls, finishReason, stopText, promptTokens, cachedTokens, reasoningTokens } = result
  return {
    text,
    reasoning,
    toolCalls,
    finishReason,
    ...(stopText !== undefined && { stopText }),
    promptTokens,
    cachedTokens,
    tokens: result.ids.length,
    reasoningTokens,
    decodeMs: result.timings.decodeMs,
  }
}

/** The text of a token alone. A special token has none, and half a character is U+FFFD. */
function textOf(engine: Engine, id: number): string {
  return engine.tokenizer?.decode([id]) ?? ''
}

function nameChoice(engine: Engine, { id, logprob, top }: TokenChoice): NamedChoice {
  const name = (token: { id: number; logprob: number }) => {
    const bytes = engine.tokenizer?.bytesOf(token.id)
    return { ...token, text: textOf(engine, token.id), bytes: [...(bytes ?? [])] }
  }
  return { ...name({ id, logprob }), top: top.map(name) }
}

function encode(engine: Engine, { input }: EncodeCall): CallResult {
  const ids =
    'text' in input
      ? engine.encode(input.text, { addSpecial: input.addSpecial })
      : engine.encodeChat(input.messages, {
          tools: input.tools && [...input.tools],
          templateOptions: input.templateOptions,
        })
  return { ids, pieces: ids.map((id) => textOf(engine, id)) }
}

async function score(engine: Engine, { prompt, top }: ScoreCall, signal: AbortSignal): Promise<CallResult> {
  const ids = typeof prompt === 'string' ? engine.encode(prompt) : prompt
  const choices = (await engine.likelihoods(ids, top, signal)).map((choice) => nameChoice(engine, choice))
  return { first: { id: ids[0]!, text: textOf(engine, ids[0]!) }, choices }
}

/** Side by side, so that inputs share their steps. */
async function embed(engine: Engine, { inputs, pooling }: EmbedCall, signal: AbortSignal): Promise<CallResult> {
  const prompts = inputs.map((input) => (typeof input === 'string' ? engine.encode(input) : input))
  const vectors = await Promise.all(prompts.map((ids) => engine.embed(ids, pooling, signal)))
  return { vectors, tokens: prompts.reduce((sum, ids) => sum + ids.length, 0) }
}

/** Sums of what the scheduler reports, for whoever asks. */
function countSteps(engine: Engine): () => EngineStatus {
  const sums = { steps: 0, sequences: 0, tokens: 0, stepSeconds: 0 }
  engine.observeSteps(({ tokens, sequences, milliseconds }) => {
    sums.steps++
    sums.sequences += sequences
    sums.tokens += tokens
    sums.stepSeconds += milliseconds / 1000
  })
  return () => ({ ...sums, ...engine.load })
}
