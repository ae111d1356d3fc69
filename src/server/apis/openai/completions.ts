import { badRequest, unsupported } from '../../http/api-error.js'
import { frame, merge } from '../../http/events.js'
import { CompletionLogprobs } from './completion-logprobs.js'
import type { ServedModel } from '../../admission/models.js'
import { newId, type RequestScope, type StartAnswer } from '../../admission/request.js'
import { completionSchema, type CompletionRequest } from './completion-schema.js'
import { grammarOf } from '../answer-form.js'
import { formOf } from '../form-fields.js'
import { checkBias, fingerprintOf, samplingOptions, tokenLimit } from '../request-fields.js'
import { usageOf } from './usage.js'
import type { EngineLike, Generation, GenerationResult, NamedChoice, Piece } from '../../../remote/engine-like.js'
import { startCompletion } from '../calls.js'
import { progressComment, progressOf } from '../prompt-progress.js'
import { post, type Call } from '../route.js'
import { checkIds, tokensOf } from '../token-work.js'

/** OpenAI's older completions: https://platform.openai.com/docs/api-reference/completions */
export const completionRoute = post({
  path: '/v1/completions',
  summary: 'Continues with a text, without a chat template',
  tag: 'OpenAI',
  api: 'completions',
  body: completionSchema,
  handle: completion,
})

interface Head {
  readonly id: string
  readonly created: number
  readonly model: string
  readonly object: 'text_completion'
  readonly system_fingerprint: string
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
  checkBias(model, body)
  const prompts = promptsOf(body)
  const n = body.n ?? 1
  const head: Head = {
    id: `cmpl-${newId()}`,
    created: Math.floor(Date.now() / 1000),
    model: model.name,
    object: 'text_completion',
    system_fingerprint: fingerprintOf(model),
  }
  const silent = new Set(body.ignore_eos ? [] : (model.source.info?.stopIds ?? []))
  const echoes = body.echo ? await Promise.all(prompts.map((prompt) => echoOf(model, prompt, body, scope))) : []
  const echo = (index: number): Echo | undefined => echoes[Math.floor(index / n)]
  if (body.max_tokens === 0) {
    const promptTokens = echoes.reduce((sum, { tokens }) => sum + tokens, 0)
    const usage = { prompt_tokens: promptTokens, completion_tokens: 0, total_tokens: promptTokens }
    const choices = prompts.flatMap((_, i) =>
      Array.from({ length: n }, (_, j) => wholeChoice(i * n + j, echo(i * n + j), undefined, body, silent)),
    )
    return Response.json({ ...head, choices, usage })
  }
  const calls = prompts.flatMap((prompt) => callsOf(prompt, body, scope))
  if (body.stream) {
    return scope.stream(model, calls, (answers) => chunks(answers, echo, prompts.length, body, { head, silent }, scope))
  }
  const { answers } = await scope.begin(model, calls)
  const all = await Promise.all(answers.map(named))
  scope.throwIfCancelled()
  const each = all.length / prompts.length
  const chosen = prompts.flatMap((_, i) => best(all.slice(i * each, (i + 1) * each), n))
  const choices = chosen.map((answer, index) => wholeChoice(index, echo(index), answer, body, silent))
  const wholes = all.map(({ whole }) => whole)
  return Response.json({ ...head, choices, usage: usageOf(wholes, prompts.length) })
}

/** @throws ApiError for what does not go together or is not here. */
function check(body: CompletionRequest): void {
  if (body.suffix) throw unsupported('suffix', 'suffix is not supported: no model here fills in between; leave it out')
  const { best_of: made, n } = body
  if (made && made < (n ?? 1)) throw badRequest('best_of', `best_of must be at least n (${n ?? 1}); found ${made}`)
  if (made && made > (n ?? 1) && body.stream) {
    throw unsupported('best_of', 'best_of above n does not go with stream: the best is known at the end')
  }
  if (body.max_tokens === 0 && !body.echo) throw badRequest('max_tokens', 'max_tokens of 0 needs echo: true')
  if (body.max_tokens === 0 && body.stream) throw badRequest('stream', 'stream needs max_tokens of at least 1')
  if (body.stream_options && !body.stream) throw badRequest('stream_options', 'stream_options needs stream: true')
}

function promptsOf({ prompt, n, best_of: made }: CompletionRequest): (string | number[])[] {
  const isIds = Array.isArray(prompt) && prompt.every((part) => typeof part === 'number')
  const several = typeof prompt === 'string' || isIds ? [prompt] : prompt
  const prompts = several
  const each = made ?? n ?? 1
  const answers = prompts.length * each
  if (answers > 128)
    throw badRequest('prompt', `${prompts.length} prompts with ${made ? 'best_of' : 'n'} ${each}: at most 128 answers`)
  return prompts
}

function callsOf(prompt: string | number[], body: CompletionRequest, scope: RequestScope): StartAnswer[] {
  const { n, best_of: made, logprobs } = body
  const { grammar, paramOf } = grammarOf({ format: formOf(body), parallel: true }, 'parameters')
  scope.grammarParam = paramOf
  const options = {
    ...samplingOptions(body),
    promptProgress: body.stream === true,
    maxTokens: tokenLimit(body.max_tokens),
    // How likely an answer was tells which is the best.
    logprobs: logprobs ?? (made && made > (n ?? 1) ? 0 : undefined),
    grammar,
  }
  return Array.from({ length: made ?? n ?? 1 }, (_, i) =>
    startCompletion(prompt, options.seed === undefined ? options : { ...options, seed: options.seed + i }),
  )
}

async function echoOf(
  model: ServedModel,
  prompt: string | number[],
  body: CompletionRequest,
  scope: RequestScope,
): Promise<Echo> {
  const { engine } = model
  if (typeof prompt !== 'string') checkIds(prompt, engine, 'prompt')
  const text = typeof prompt === 'string' ? prompt : await engine.decode(prompt)
  const ids = typeof prompt === 'string' ? await tokensOf(model, prompt, undefined, 'prompt', scope) : prompt
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

interface NamedAnswer {
  readonly whole: GenerationResult
  readonly named: readonly NamedChoice[]
}

/** An answer at its end, with the likelihoods of its tokens if they were asked for. */
async function named(answer: Generation): Promise<NamedAnswer> {
  const named: NamedChoice[] = []
  for await (const { choices } of answer.pieces()) named.push(...(choices ?? []))
  return { whole: await answer.result, named }
}

/** The n whose tokens were the likeliest on average, the best first; all where there are no more. */
function best(answers: readonly NamedAnswer[], n: number): readonly NamedAnswer[] {
  if (answers.length <= n) return answers
  const mean = ({ named }: NamedAnswer): number =>
    named.reduce((sum, { logprob }) => sum + logprob, 0) / Math.max(1, named.length)
  return [...answers].sort((a, b) => mean(b) - mean(a)).slice(0, n)
}

function wholeChoice(
  index: number,
  echo: Echo | undefined,
  answer: NamedAnswer | undefined,
  body: CompletionRequest,
  silent: ReadonlySet<number>,
) {
  const shown = new CompletionLogprobs(silent)
  const text = (echo?.text ?? '') + (answer?.whole.text ?? '')
  const prompt = echo?.score && shown.prompt(echo.score.first, echo.score.choices, echo.text)
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
  { head, silent }: { head: Head; silent: ReadonlySet<number> },
  scope: RequestScope,
): AsyncGenerator<string, void, undefined> {
  const usage = body.stream_options?.include_usage ? { usage: null } : {}
  const chunk = (index: number, text: string, logprobs: unknown, finish: string | null, extra = {}): string => {
    const choices = [{ index, text, logprobs: logprobs ?? null, finish_reason: finish }]
    return frame({ ...head, choices, ...usage, ...extra })
  }
  const shown = answers.map(() => new CompletionLogprobs(silent))
  for (const index of answers.keys()) {
    const before = echo(index)
    if (!before) continue
    const logprobs = before.score && shown[index]!.prompt(before.score.first, before.score.choices, before.text)
    yield chunk(index, before.text, logprobs, null)
  }
  for await (const { source, item } of merge(answers.map(withEnd))) {
    if ('finished' in item) yield chunk(source, '', null, finishOf(item.finished))
    else if (item.reading) {
      if (body.return_progress) yield chunk(source, '', null, null, progressOf(item.reading, scope.started))
      else yield* progressComment(item.reading)
    } else {
      const logprobs = item.choices && shown[source]!.answer(item.choices)
      if (item.part || logprobs?.tokens.length) yield chunk(source, item.part?.text ?? '', logprobs, null)
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
