import { badRequest, unsupported } from '../../http/api-error.js'
import { frame, merge } from '../../http/events.js'
import { CompletionLogprobs } from './completion-logprobs.js'
import type { ServedModel } from '../../admission/models.js'
import { newId, type RequestScope, type StartAnswer } from '../../admission/request.js'
import { completionSchema, type CompletionRequest } from './completion-schema.js'
import { samplingOptions } from '../request-fields.js'
import { usageOf } from './usage.js'
import type { EngineLike, Generation, GenerationResult, NamedChoice, Piece } from '../../../remote/engine-like.js'
import { startCompletion } from '../calls.js'
import { post, type Call } from '../route.js'

/** OpenAI's older completions: https://platform.openai.com/docs/api-reference/completions */
export const completionRoute = post({
  path: '/v1/completions',
  summary: 'Goes on with a text, without a chat template',
  tag: 'OpenAI',
  body: completionSchema,
  handle: completion,
})

interface Head {
  readonly id: string
  readonly created: number
  readonly model: string
  readonly object: 'text_completion'
}

/** How likely each token of a prompt is; the first has no likelihood. */
interface Score {
  readonly first: { readonly text: string }
  readonly choices: readonly NamedChoice[]
}

/** The prompt as it is shown before the answer, with its likelihoods if they were asked for. */
interface Echo {
  readonly text: string
  readonly score: Score | undefined
  readonly tokens: number
}

async function completion({ body, scope }: Call<CompletionRequest>): Promise<Response> {
  scope.promptParam = 'prompt'
  check(body)
  const model = scope.state.models.find(body.model)
  const prompts = promptsOf(body)
  const n = body.n ?? 1
  const head: Head = {
    id: `cmpl-${newId()}`,
    created: Math.floor(Date.now() / 1000),
    model: body.model,
    object: 'text_completion',
  }
  const echoes = body.echo ? await Promise.all(prompts.map((prompt) => echoOf(model, prompt, body, scope))) : []
  const echo = (index: number): Echo | undefined => echoes[Math.floor(index / n)]
  if (body.max_tokens === 0) {
    const promptTokens = echoes.reduce((sum, { tokens }) => sum + tokens, 0)
    const usage = { prompt_tokens: promptTokens, completion_tokens: 0, total_tokens: promptTokens }
    const choices = prompts.flatMap((_, i) =>
      Array.from({ length: n }, (_, j) => wholeChoice(i * n + j, echo(i * n + j), undefined, body)),
    )
    return Response.json({ ...head, choices, usage })
  }
  const calls = prompts.flatMap((prompt) => callsOf(prompt, body))
  if (body.stream) {
    return scope.stream(model, calls, (answers) => chunks(answers, echo, prompts.length, body, head, scope))
  }
  const { answers } = await scope.begin(model, calls)
  const choices = await Promise.all(
    answers.map(async (answer, index) => {
      const named: NamedChoice[] = []
      for await (const { choices } of answer.pieces()) named.push(...(choices ?? []))
      return wholeChoice(index, echo(index), { whole: await answer.result, named }, body)
    }),
  )
  scope.throwIfCancelled()
  const wholes = await Promise.all(answers.map(({ result }) => result))
  return Response.json({ ...head, choices, usage: usageOf(wholes, prompts.length) })
}

/** @throws ApiError for what does not go together or is not here. */
function check(body: CompletionRequest): void {
  if (body.suffix) throw unsupported('suffix', 'suffix is not supported: no model here fills in between; leave it out')
  if (body.best_of && body.best_of !== (body.n ?? 1)) {
    throw unsupported('best_of', `best_of must be n (${body.n ?? 1}); found ${body.best_of}: ask for n and choose`)
  }
  if (body.max_tokens === 0 && !body.echo) throw badRequest('max_tokens', 'max_tokens of 0 needs echo: true')
  if (body.max_tokens === 0 && body.stream) throw badRequest('stream', 'stream needs max_tokens of at least 1')
  if (body.stream_options && !body.stream) throw badRequest('stream_options', 'stream_options needs stream: true')
}

function promptsOf({ prompt, n }: CompletionRequest): (string | number[])[] {
  const several = typeof prompt === 'string' ? [prompt] : typeof prompt[0] === 'number' ? [prompt as number[]] : prompt
  const prompts = several as (string | number[])[]
  const answers = prompts.length * (n ?? 1)
  if (answers > 128) throw badRequest('prompt', `${prompts.length} prompts with n ${n ?? 1}: at most 128 answers`)
  return prompts
}

function callsOf(prompt: string | number[], body: CompletionRequest): StartAnswer[] {
  const { seed, n } = body
  const options = { ...samplingOptions(body), maxTokens: body.max_tokens, logprobs: body.logprobs ?? undefined }
  return Array.from({ length: n ?? 1 }, (_, i) =>
    startCompletion(prompt, typeof seed === 'number' ? { ...options, seed: seed + i } : options),
  )
}

async function echoOf(
  model: ServedModel,
  prompt: string | number[],
  body: CompletionRequest,
  scope: RequestScope,
): Promise<Echo> {
  const { engine } = model
  const text = typeof prompt === 'string' ? prompt : await engine.decode(prompt)
  const ids = typeof prompt === 'string' ? await engine.encode(prompt) : prompt
  if (typeof body.logprobs !== 'number') return { text, score: undefined, tokens: ids.length }
  const leave = await model.admission.enter(scope.client, 1, scope.signal)
  try {
    return { text, score: await scoreOf(engine, ids, body.logprobs, scope), tokens: ids.length }
  } finally {
    leave()
  }
}

async function scoreOf(
  engine: EngineLike,
  ids: readonly number[],
  top: number,
  { signal, cacheSalt }: RequestScope,
): Promise<Score> {
  const choices = await engine.likelihoods(ids, top, signal, cacheSalt)
  const [text = ''] = await engine.tokenTexts(ids.slice(0, 1))
  return { first: { text }, choices }
}

function wholeChoice(
  index: number,
  echo: Echo | undefined,
  answer: { whole: GenerationResult; named: readonly NamedChoice[] } | undefined,
  body: CompletionRequest,
) {
  const shown = new CompletionLogprobs()
  const text = (echo?.text ?? '') + (answer?.whole.text ?? '')
  const prompt = echo?.score && shown.prompt(echo.score.first, echo.score.choices)
  const own = shown.answer(answer?.named ?? [])
  const logprobs = typeof body.logprobs !== 'number' ? null : prompt ? joined(prompt, own) : own
  return { index, text, logprobs, finish_reason: answer ? finishOf(answer.whole) : 'length' }
}

function joined<T extends Record<string, unknown[]>>(a: T, b: Record<keyof T, unknown[]>) {
  return Object.fromEntries(Object.keys(a).map((key) => [key, [...a[key]!, ...b[key]!]]))
}

async function* chunks(
  answers: readonly Generation[],
  echo: (index: number) => Echo | undefined,
  prompts: number,
  body: CompletionRequest,
  head: Head,
  scope: RequestScope,
): AsyncGenerator<string, void, undefined> {
  const usage = body.stream_options?.include_usage ? { usage: null } : {}
  const chunk = (index: number, text: string, logprobs: unknown, finish: string | null): string =>
    frame({ ...head, choices: [{ index, text, logprobs: logprobs ?? null, finish_reason: finish }], ...usage })
  const shown = answers.map(() => new CompletionLogprobs())
  for (const index of answers.keys()) {
    const before = echo(index)
    if (!before) continue
    const logprobs = before.score && shown[index]!.prompt(before.score.first, before.score.choices)
    yield chunk(index, before.text, logprobs, null)
  }
  for await (const { source, item } of merge(answers.map(withEnd))) {
    if ('finished' in item) yield chunk(source, '', null, finishOf(item.finished))
    else {
      const logprobs = item.choices && shown[source]!.answer(item.choices)
      yield chunk(source, item.part?.text ?? '', logprobs, null)
    }
  }
  scope.throwIfCancelled()
  if (body.stream_options?.include_usage) {
    const wholes = await Promise.all(answers.map(({ result }) => result))
    yield frame({ ...head, choices: [], usage: usageOf(wholes, prompts) })
  }
  yield frame('[DONE]')
}

async function* withEnd(answer: Generation): AsyncGenerator<Piece | { finished: GenerationResult }, void, undefined> {
  yield* answer.pieces()
  yield { finished: await answer.result }
}

function finishOf({ finishReason }: GenerationResult): string {
  return finishReason === 'length' ? 'length' : 'stop'
}
