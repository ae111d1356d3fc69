import { agent, type ChatModel } from '../../agent/agent.js'
import type { Approve } from '../../agent/loop/calls.js'
import type { AgentPart } from '../../agent/loop/parts.js'
import { visibleText } from '../../agent/mcp/tools.js'
import type { Tool } from '../../agent/tool.js'
import { answerMessage } from '../../chat/answer-message.js'
import type { ChatMessage } from '../../chat/message.js'
import { UserError } from '../../errors.js'
import type { EngineLike, Generation, GenerationResult, SessionLike } from '../../remote/engine-like.js'
import { printAnswer } from '../print/answer-printer.js'
import type { PromptCache } from '../prompt-cache.js'
import type { Settings } from './settings.js'

/** Of a context that is full, this share is left for the question's answer when old turns make room. */
const ROOM = 0.25
/** Tokens that an answer may want where nobody says it. */
const USUAL_ANSWER = 1024

/** Where words to the person go: notes about the conversation, not the answer. */
export type Note = (text: string) => void

/** What the model may call, and who is asked. */
export interface ConversationTools {
  readonly tools: readonly Tool[]
  readonly approve: Approve
}

/** Turns with one model, in one session, so that each turn only computes what is new. */
export class Conversation {
  private all: ChatMessage[] = []
  /** Of {@link all}, those that the model no longer sees, after the system message. */
  private forgotten = 0
  private running: Pick<Generation, 'abort'> | undefined
  private last: GenerationResult | undefined
  /** Tools of the chat; without any an answer is one step. */
  tools: ConversationTools | undefined

  constructor(
    private engine: EngineLike,
    private readonly settings: Settings,
    private readonly note: Note,
    private session: SessionLike = engine.session(),
  ) {}

  get messages(): readonly ChatMessage[] {
    return this.all
  }

  get lastAnswer(): string {
    return this.all.findLast(({ role }) => role === 'assistant')?.content?.toString() ?? ''
  }

  get result(): GenerationResult | undefined {
    return this.last
  }

  /** Ends the answer that is being written. True when there was one. */
  stop(): boolean {
    this.running?.abort()
    return this.running !== undefined
  }

  begin(messages: readonly ChatMessage[]): void {
    this.all = [...messages]
    this.forgotten = 0
  }

  async say(content: string): Promise<void> {
    await this.answer([...this.all, { role: 'user', content }])
  }

  /** Another answer to the last question. */
  async retry(): Promise<void> {
    await this.answer(this.all.slice(0, this.lastQuestion() + 1))
  }

  /** Takes back the last question with its answer, and returns it. */
  undo(): string {
    const at = this.lastQuestion()
    const question = this.all[at]?.content
    this.all = this.all.slice(0, at)
    this.forgotten = Math.min(this.forgotten, this.all.length)
    return typeof question === 'string' ? question : ''
  }

  /** Continues an answer that was cut off or stopped. */
  async goOn(): Promise<void> {
    const last = this.all.at(-1)
    if (last?.role !== 'assistant' || typeof last.content !== 'string' || last.content === '')
      throw new UserError('there is no answer to continue', 'invalid_argument')
    const before = last.content
    const { text } = await this.generate(this.all, true)
    this.all = [...this.all.slice(0, -1), { ...last, content: before + text }]
  }

  /** Continues with another model. */
  async use(engine: EngineLike): Promise<void> {
    const old = { session: this.session, engine: this.engine }
    this.engine = engine
    this.session = engine.session()
    await old.session.close()
    await old.engine.close()
  }

  /** Keeps what the cache holds of the conversation. */
  async save(cache: PromptCache): Promise<void> {
    if (this.last) await cache.save(this.session)
  }

  async close(): Promise<void> {
    await this.session.close()
    await this.engine.close()
  }

  private async answer(messages: ChatMessage[]): Promise<void> {
    if (this.tools && this.tools.tools.length > 0) return this.work(messages, this.tools)
    const result = await this.generate(messages, false)
    this.all = [...messages, answerMessage(result)]
  }

  /** An answer for which the model may call tools: each of its steps is printed, and each call with what came of it. */
  private async work(messages: ChatMessage[], { tools, approve }: ConversationTools): Promise<void> {
    const seen = await this.fitting(messages, false)
    const options = this.settings.options()
    let printed: Promise<unknown> = Promise.resolve()
    const model: ChatModel = {
      chat: (said, given) => {
        const generation = this.session.chat(said, { ...given, promptProgress: true })
        printed = printAnswer(generation, { hideThinking: this.settings.hideThinking }).then(
          (result) => (this.last = result),
          () => undefined,
        )
        return generation
      },
    }
    const ask: Approve = async (request) => {
      await printed
      return approve(request)
    }
    const run = agent(model, { ...options, tools, approve: ask }).run(seen)
    this.running = run
    try {
      for await (const part of run) {
        if (part.kind === 'step') await printed
        const line = lineOf(part)
        if (line !== undefined) this.note(line)
      }
      await printed
    } finally {
      this.running = undefined
    }
    const { messages: all, finishReason, reason } = await run.result
    this.all = [...messages, ...all.slice(seen.length)]
    if (finishReason !== 'answer') this.note(`(${reason ?? finishReason})`)
  }

  private async generate(messages: readonly ChatMessage[], continues: boolean): Promise<GenerationResult> {
    const seen = await this.fitting(messages, continues)
    const generation = this.session.chat(seen, { ...this.settings.options(), continueFinalMessage: continues })
    this.running = generation
    try {
      this.last = await printAnswer(generation, { hideThinking: this.settings.hideThinking })
    } finally {
      this.running = undefined
    }
    this.noteEnd(this.last)
    return this.last
  }

  private noteEnd({ finishReason, promptTokens, ids }: GenerationResult): void {
    if (finishReason === 'abort') this.note('(stopped; /continue resumes it)')
    if (finishReason !== 'length') return
    const isFull = promptTokens + ids.length >= this.engine.info.contextLength
    this.note(isFull ? "(cut at the context's end)" : `(cut at ${ids.length} tokens; /continue resumes it)`)
  }

  /** The messages that the model is to see: when they fill the context, the oldest turns are left out, a good part at once. */
  private async fitting(messages: readonly ChatMessage[], continues: boolean): Promise<readonly ChatMessage[]> {
    const { contextLength } = this.engine.info
    const answer = Math.min(this.settings.maxTokens ?? USUAL_ANSWER, Math.floor(contextLength * ROOM))
    const system = messages[0]?.role === 'system' ? 1 : 0
    const seen = (): ChatMessage[] => [...messages.slice(0, system), ...messages.slice(system + this.forgotten)]
    if (messages.length <= system + this.forgotten) this.forgotten = 0
    const before = this.forgotten
    let limit = contextLength - answer
    while ((await this.tokensOf(seen(), continues)) > limit) {
      const next = messages.findIndex((message, i) => i > system + this.forgotten && message.role === 'user')
      if (next < 0) break
      this.forgotten = next - system
      limit = (contextLength - answer) * (1 - ROOM)
    }
    if (this.forgotten > before) {
      const turns = messages
        .slice(system + before, system + this.forgotten)
        .filter(({ role }) => role === 'user').length
      this.note(
        `(the context of ${contextLength} tokens is full: the oldest ${turns === 1 ? 'turn is' : `${turns} turns are`} left out from here on)`,
      )
    }
    return seen()
  }

  private async tokensOf(messages: readonly ChatMessage[], continueFinalMessage: boolean): Promise<number> {
    const { templateOptions } = this.settings.options()
    return (await this.engine.encodeChat(messages, { templateOptions, continueFinalMessage })).length
  }

  private lastQuestion(): number {
    const at = this.all.findLastIndex(({ role }) => role === 'user')
    if (at < 0) throw new UserError('there is no question yet', 'invalid_argument')
    return at
  }
}

/** Of a result, what the person sees. */
const SHOWN = 300

/** What a part of a run says to the person. */
function lineOf(part: AgentPart): string | undefined {
  if (part.kind === 'tool-call') return `(calls ${part.call.name} ${visibleText(shown(part.call.arguments))})`
  if (part.kind === 'tool-result') return `(${part.call.name}: ${visibleText(shown(part.text))})`
  return undefined
}

function shown(text: string): string {
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}... ${text.length - SHOWN} characters more` : text
}
