import type { GivenMessage } from '../chat/message.js'
import type { Generation, GenerationResult } from '../engine/answer/generation.js'
import { checkedMessages } from '../engine/checks.js'
import { isLong, isLongChat } from '../engine/answer/long-prompts.js'
import type { EncodeOptions } from '../engine/engine.js'
import type { LoadOptions, LongPrompts } from '../engine/options.js'
import { UserError } from '../errors.js'
import type { Answering, ConversationOptions, EngineLike, SessionLike } from './engine-like.js'
import {
  WINDOW,
  checkVersion,
  type Ask,
  type CallKind,
  type Calls,
  type EngineSide,
  type SentLoadOptions,
  type SentModel,
} from './protocol.js'
import { sentError } from './sent-error.js'

type AnyPiece = Calls[CallKind]['piece']
type Result = Calls[CallKind]['result']

/** Loads what a client asks for. */
export type Loader = (
  model: SentModel,
  options: SentLoadOptions & Pick<LoadOptions, 'onProgress' | 'onDownload'> & { signal: AbortSignal },
) => Promise<EngineLike>

/**
 * The engine's end of a line: gives the engine to the client at the other end, and answers its calls side by side until it
 * closes the line.
 * @param source an engine, which stays open when the line is closed; or what loads one, which is closed with the line
 * @param longPrompts where long texts are encoded, if not in this thread
 *
 * @example
 * import { loadEngine } from 'kaiyuan'
 * import { connectEngine, hostEngine, portLine } from 'kaiyuan/worker'
 *
 * const { port1, port2 } = new MessageChannel()
 * const engine = await loadEngine('mini')
 * hostEngine(engine, portLine(port1))
 * const client = await connectEngine(portLine(port2))
 * console.log(await client.decode(await client.encode('Hello')))
 * await client.close()
 * await engine.close()
 */
export function hostEngine(source: EngineLike | Loader, line: EngineSide, longPrompts?: LongPrompts): void {
  const loading = new AbortController()
  let opening: Promise<OpenCalls> | undefined
  let calls: OpenCalls | undefined
  line.onMessage((message) => {
    switch (message.type) {
      case 'open':
        opening = open(source, message, line, loading.signal).then(
          (engine) => (calls = new OpenCalls(engine, line, longPrompts)),
        )
        return void opening.then(
          ({ engine }) => {
            line.send({ type: 'loaded', info: engine.info })
            void engine.failed?.then(({ message }) => line.send({ type: 'failed', reason: message }))
          },
          (error: unknown) => line.send({ type: 'not-loaded', error: sentError(error) }),
        )
      case 'call':
        return void calls?.answer(message.id, message.ask)
      case 'cancel':
        return calls?.cancel(message.id)
      case 'received':
        return calls?.received(message.id)
      case 'ping':
        return line.send({ type: 'pong' })
      case 'close':
        loading.abort()
        return void close(source, opening).then(() => line.send({ type: 'closed' }))
    }
  })
}

async function open(
  source: EngineLike | Loader,
  { version, model, options }: { version: number; model?: SentModel; options?: SentLoadOptions },
  line: EngineSide,
  signal: AbortSignal,
): Promise<EngineLike> {
  checkVersion(version)
  if (typeof source !== 'function') return source
  if (model === undefined) throw new UserError('expected a model to load, found none', 'invalid_argument')
  return source(model, {
    ...options,
    signal,
    onProgress: (progress) => line.send({ type: 'progress', progress }),
    onDownload: (progress) => line.send({ type: 'download', progress }),
  })
}

async function close(source: EngineLike | Loader, opening: Promise<OpenCalls> | undefined): Promise<void> {
  const calls = await opening?.catch(() => undefined)
  await calls?.close()
  if (typeof source === 'function') await calls?.engine.close()
}

/** The calls of one client. */
class OpenCalls {
  private readonly open = new Map<number, { controller: AbortController; outbox: Outbox }>()
  private readonly running = new Set<Promise<void>>()
  private readonly sessions = new Map<number, SessionLike>()

  constructor(
    readonly engine: EngineLike,
    private readonly line: EngineSide,
    private readonly longPrompts: LongPrompts | undefined,
  ) {}

  cancel(id: number): void {
    this.open.get(id)?.controller.abort()
  }

  received(id: number): void {
    this.open.get(id)?.outbox.received()
  }

  async answer(id: number, ask: Ask): Promise<void> {
    const controller = new AbortController()
    const outbox = new Outbox((pieces) => this.line.send({ type: 'pieces', id, pieces }))
    this.open.set(id, { controller, outbox })
    const answered = this.resultOf(ask, outbox, controller.signal).then(
      (result) => {
        outbox.flush()
        this.line.send({ type: 'result', id, result })
      },
      (error: unknown) => {
        outbox.flush()
        this.line.send({ type: 'error', id, error: sentError(error) })
      },
    )
    this.running.add(answered)
    await answered
    this.running.delete(answered)
    this.open.delete(id)
  }

  async close(): Promise<void> {
    for (const { controller } of this.open.values()) controller.abort()
    await Promise.all([...this.sessions.values()].map((session) => session.close()))
    await Promise.all(this.running)
  }

  private async resultOf(ask: Ask, outbox: Outbox, signal: AbortSignal): Promise<Result> {
    const { engine } = this
    switch (ask.kind) {
      case 'chat':
        return relay(this.where(ask.session).chat(ask.messages, { ...ask.options, signal }), outbox)
      case 'complete':
        return relay(this.where(ask.session).complete(ask.prompt, { ...ask.options, signal }), outbox)
      case 'generate':
        return relay(this.where(ask.session).generate(ask.ids, { ...ask.options, signal }), outbox)
      case 'encode':
        return Int32Array.from(await this.encoded(ask.text, ask.options, signal))
      case 'encodeChat':
        return Int32Array.from(await this.encodedChat(ask.messages, ask.options, signal))
      case 'decode':
        return engine.decode(ask.ids)
      case 'tokenTexts':
        return engine.tokenTexts(ask.ids)
      case 'likelihoods':
        return engine.likelihoods(ask.ids, ask.top, signal, ask.cacheSalt, ask.from)
      case 'perplexity': {
        const onProgress = (scored: number, total: number): void => outbox.push({ scored, total })
        return engine.perplexity(ask.ids, { ...ask.options, onProgress, signal })
      }
      case 'embed':
        return engine.embed(ask.ids, ask.pooling, signal, ask.cacheSalt)
      case 'status':
        return engine.status()
      case 'save':
        return this.session(ask.session).save()
      case 'restore': {
        const { session, ...restored } = await engine.restore(ask.saved)
        this.sessions.set(ask.session, session)
        return restored
      }
      case 'endSession':
        await this.sessions.get(ask.session)?.close()
        this.sessions.delete(ask.session)
        return undefined
    }
  }

  private async encoded(text: string, options: EncodeOptions, signal: AbortSignal): Promise<readonly number[]> {
    const { engine, longPrompts } = this
    if (!longPrompts || !isLong(text)) return engine.encode(text, options)
    const { addSpecial = true, parseSpecial = true } = options
    return longPrompts.encode(text, { addSpecial, parseSpecial }, signal)
  }

  private async encodedChat(
    messages: readonly GivenMessage[],
    options: ConversationOptions,
    signal: AbortSignal,
  ): Promise<readonly number[]> {
    const { engine, longPrompts } = this
    const given = checkedMessages(messages)
    const isMadeElsewhere = longPrompts && engine.info.hasChatTemplate && isLongChat(given, options)
    return isMadeElsewhere ? (await longPrompts.chat(given, options, signal)).ids : engine.encodeChat(given, options)
  }

  private where(session: number | undefined): Answering {
    return session === undefined ? this.engine : this.session(session)
  }

  /** A session is opened by its first call. */
  private session(session: number): SessionLike {
    let found = this.sessions.get(session)
    if (!found) this.sessions.set(session, (found = this.engine.session()))
    return found
  }
}

async function relay(generation: Generation, outbox: Outbox): Promise<GenerationResult> {
  for await (const piece of generation.pieces()) outbox.push(piece)
  return generation.result
}

/** Sends the pieces of a call: at most WINDOW messages that the client has not taken in, however slow it is. */
class Outbox {
  private unsent: AnyPiece[] = []
  private inFlight = 0

  constructor(private readonly send: (pieces: readonly AnyPiece[]) => void) {}

  push(piece: AnyPiece): void {
    this.unsent.push(piece)
    if (this.inFlight < WINDOW) this.flush()
  }

  received(): void {
    this.inFlight--
    this.flush()
  }

  /** Sends what there is, in one message. */
  flush(): void {
    if (this.unsent.length === 0) return
    const pieces = this.unsent
    this.unsent = []
    this.inFlight++
    this.send(pieces)
  }
}
