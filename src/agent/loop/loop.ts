import { answerMessage } from '../../chat/answer-message.js'
import type { ChatMessage } from '../../chat/message.js'
import { UserError } from '../../errors.js'
import type { ChatAnswerOptions, Generation, GenerationResult } from '../../remote/engine-like.js'
import { issuesText, parsedJson, validated } from '../schema/schema.js'
import { Calls } from './calls.js'
import type { AgentPart, AgentResult, RunEnd, Step, ToolResult } from './parts.js'
import { grammarOf, withoutOldResults } from './prompts.js'
import type { RunSetup } from './setup.js'
import { ABORTED, LAST_STEP } from './wording.js'

/** Why a run ends. */
interface End {
  readonly finishReason: RunEnd
  readonly reason?: string
  readonly object?: unknown
}

/** One run: answers and calls in turn, until a rule ends it. Every call gets a result, so that the conversation can continue. */
export class Loop {
  private readonly steps: Step[] = []
  private readonly calls: Calls
  private readonly signal: AbortSignal
  private readonly deadline = new AbortController()
  private tokens = 0

  constructor(
    private readonly setup: RunSetup,
    private readonly messages: ChatMessage[],
    private readonly outer: AbortSignal,
    private readonly emit: (part: AgentPart) => void,
  ) {
    this.signal = AbortSignal.any([outer, this.deadline.signal])
    const { tools, approve, limits } = setup
    this.calls = new Calls({ tools, approve, signal: this.signal, emit, ...limits })
  }

  async run(): Promise<AgentResult<unknown>> {
    const { model, limits } = this.setup
    const timer =
      limits.milliseconds === undefined ? undefined : setTimeout(() => this.deadline.abort(), limits.milliseconds)
    const session = model.session?.()
    try {
      for (let index = 0; ; index++) {
        const end = await this.step(session ?? model, index)
        if (end) return this.resultOf(end)
      }
    } finally {
      clearTimeout(timer)
      await session?.close()
    }
  }

  private resultOf({ finishReason, reason, object }: End): AgentResult<unknown> {
    const sum = (of: (step: Step) => number): number => this.steps.reduce((total, step) => total + of(step), 0)
    return {
      finishReason,
      ...(reason !== undefined && { reason }),
      text: this.steps.at(-1)?.text ?? '',
      object,
      steps: this.steps,
      messages: this.messages,
      usage: {
        promptTokens: sum((step) => step.promptTokens),
        cachedTokens: sum((step) => step.cachedTokens),
        tokens: this.tokens,
      },
    }
  }

  private async step(model: Pick<RunSetup['model'], 'chat'>, index: number): Promise<End | undefined> {
    if (this.signal.aborted) return this.aborted()
    const answer = await this.answer(model, index)
    if (!answer) return { finishReason: 'limit', reason: 'the conversation fills the context' }
    this.tokens += answer.ids.length
    this.messages.push(answerMessage(answer))
    const { promptTokens, cachedTokens, timings } = answer
    this.emit({ step: index, kind: 'step', promptTokens, cachedTokens, timings })
    // An answer that was cut may lack its last call, so that none of its calls is made.
    const isWhole = answer.finishReason !== 'abort' && answer.finishReason !== 'length'
    const results = await this.resultsOf(answer, index, isWhole)
    const step = stepOf(index, answer, results)
    this.steps.push(step)
    this.setup.onStep?.(step)
    return this.endAfter(step, isWhole)
  }

  private async resultsOf({ toolCalls }: GenerationResult, step: number, isWhole: boolean): Promise<ToolResult[]> {
    const calls = toolCalls.filter(({ name }) => !this.isOpen(name))
    const made = isWhole
      ? await this.calls.make({ step, calls, messages: [...this.messages] })
      : calls.map((call) => ({ call, text: ABORTED, fault: 'aborted' as const }))
    for (const { call, text } of made)
      this.messages.push({ role: 'tool', tool_call_id: call.id, name: call.name, content: text })
    return made
  }

  /** Of a tool that whoever reads the run has to answer. */
  private isOpen(name: string): boolean {
    const tool = this.setup.tools.get(name)
    return tool !== undefined && !tool.execute
  }

  private async endAfter(step: Step, isWhole: boolean): Promise<End | undefined> {
    const { stopWhen, maxSteps, limits } = this.setup
    if (this.signal.aborted) return this.aborted()
    if (!isWhole) return this.cut()
    if (step.toolCalls.length === 0) return this.finished(step)
    if (this.calls.stopped) return { finishReason: 'stopped', reason: this.calls.stopped.message }
    const repeated = step.results.find(({ fault }) => fault === 'repeated')
    if (repeated) return { finishReason: 'repeated-calls', reason: repeated.text }
    const open = step.toolCalls.find(({ name }) => this.isOpen(name))
    if (open) return { finishReason: 'tool-calls', reason: `${open.name} has no execute` }
    if (await stopWhen?.(this.steps)) return { finishReason: 'stop-when', reason: 'stopWhen' }
    if (step.index + 1 >= maxSteps) return { finishReason: 'max-steps', reason: `after ${maxSteps} steps` }
    if (limits.tokens !== undefined && this.tokens >= limits.tokens) return this.spent(limits.tokens)
    if (this.setup.answerAtEnd && step.index + 2 === maxSteps) this.announceLast()
    return undefined
  }

  private cut(): End {
    const { limits } = this.setup
    if (limits.tokens !== undefined && this.tokens >= limits.tokens) return this.spent(limits.tokens)
    return { finishReason: 'length', reason: 'the answer was cut off' }
  }

  private spent(tokens: number): End {
    return { finishReason: 'limit', reason: `${tokens} tokens are spent` }
  }

  private aborted(): End {
    if (this.outer.aborted) return { finishReason: 'abort', reason: 'the run was aborted' }
    return { finishReason: 'limit', reason: `${this.setup.limits.milliseconds ?? 0} ms are over` }
  }

  /** The model is done: where the answer has a schema, it has to fit; if it does not, the model is told why. */
  private async finished({ text, index }: Step): Promise<End | undefined> {
    const { output, maxSteps } = this.setup
    if (!output) return { finishReason: 'answer' }
    const parsed = parsedJson(text)
    const checked = parsed ? await validated(output, parsed.value) : { issues: [{ message: 'it is no JSON' }] }
    if (!checked.issues) return { finishReason: 'answer', object: checked.value }
    const issues = issuesText(checked.issues)
    if (index + 1 >= maxSteps) return { finishReason: 'invalid-output', reason: issues }
    this.messages.push({ role: 'user', content: `That does not fit: ${issues}. Answer again.` })
    return undefined
  }

  /** Tools stay in the prompt, so that its prefix stays in the cache. */
  private announceLast(): void {
    const last = this.messages.at(-1)
    if (last?.role === 'tool')
      this.messages[this.messages.length - 1] = { ...last, content: `${last.content}\n${LAST_STEP}` }
  }

  /** Undefined where the conversation does not fit into the context, also without old results. */
  private async answer(model: Pick<RunSetup['model'], 'chat'>, step: number): Promise<GenerationResult | undefined> {
    for (;;) {
      try {
        return await this.streamed(model.chat(this.messages, this.options(step)), step)
      } catch (error) {
        if (!(error instanceof UserError) || error.code !== 'context_length_exceeded') throw error
        // The first step has no results that could be left out: its prompt is the caller's mistake.
        if (this.steps.length === 0) throw error
        if (!withoutOldResults(this.messages)) return undefined
      }
    }
  }

  private options(step: number): ChatAnswerOptions {
    const { generate, definitions, limits, maxSteps, answerAtEnd } = this.setup
    const isLast = answerAtEnd && step > 0 && step + 1 === maxSteps
    const left = limits.tokens === undefined ? undefined : Math.max(1, limits.tokens - this.tokens)
    const maxTokens = left === undefined ? generate.maxTokens : Math.min(left, generate.maxTokens ?? left)
    return {
      ...generate,
      maxTokens,
      mustAnswer: true,
      grammar: grammarOf(this.setup, isLast),
      signal: this.signal,
      ...(definitions.length > 0 && { tools: definitions, callPieces: true }),
    }
  }

  private async streamed(generation: Generation, step: number): Promise<GenerationResult> {
    for await (const part of generation) {
      if (part.kind === 'text' || part.kind === 'reasoning') this.emit({ step, kind: part.kind, text: part.text })
      else if (part.kind === 'tool-input') {
        const { id, name, text } = part
        this.emit({ step, kind: 'tool-input', id, name, text })
      }
    }
    return generation.result
  }
}

function stepOf(index: number, { ids, ...answer }: GenerationResult, results: readonly ToolResult[]): Step {
  return { index, tokens: ids.length, ...answer, results }
}
