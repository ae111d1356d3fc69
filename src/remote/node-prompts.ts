import { Worker } from 'node:worker_threads'
import type { ChatMessage } from '../chat/message.js'
import { sizeOfChat } from '../engine/answer/long-prompts.js'
import type { LongPrompts, MadePrompt, PromptOptions } from '../engine/options.js'
import { UserError } from '../errors.js'
import type { EncodeOptions } from '../tokenizer/tokenizer.js'
import type { SentModel } from './protocol.js'
import { receivedError, type SentError } from './sent-error.js'

/** What the thread is asked. */
export type PromptAsk =
  | { readonly kind: 'chat'; readonly messages: readonly ChatMessage[]; readonly options: PromptOptions }
  | { readonly kind: 'encode'; readonly text: string; readonly options: EncodeOptions }
export interface ToPrompts {
  readonly id: number
  /** Whose tokenizer and template; with the first question. */
  readonly model?: SentModel
  readonly ask: PromptAsk
}
export type FromPrompts = { readonly id: number } & (
  { readonly text: string; readonly ids: Int32Array } | { readonly error: SentError }
)

/** Longer prompts have a thread of their own, so that the others do not wait for minutes of work. */
const VERY_LONG = 262_144
/** No text takes so long that is worth it. */
const PATIENCE_MS = 60_000
/** One that nobody waits for any more is given up after this long: a new thread has to read the tokenizer again. */
const GIVE_UP_MS = 1000

interface Job {
  readonly id: number
  readonly ask: PromptAsk
  readonly size: number
  readonly resolve: (prompt: MadePrompt) => void
  readonly reject: (error: Error) => void
}

/** Makes long prompts in threads of their own, which read the model's tokenizer and template when they are first needed. */
export class PromptThreads implements LongPrompts {
  private readonly long: PromptThread
  private readonly veryLong: PromptThread

  constructor(
    model: SentModel,
    file: URL = new URL('./node-prompt-worker.js', import.meta.url),
    patienceMs = PATIENCE_MS,
  ) {
    this.long = new PromptThread(model, file, patienceMs)
    this.veryLong = new PromptThread(model, file, patienceMs)
  }

  chat(messages: readonly ChatMessage[], options: PromptOptions, signal?: AbortSignal): Promise<MadePrompt> {
    const size = sizeOfChat(messages)
    return this.threadFor(size).make({ kind: 'chat', messages, options }, size, signal)
  }

  async encode(text: string, options: EncodeOptions, signal?: AbortSignal): Promise<readonly number[]> {
    const size = text.length
    return (await this.threadFor(size).make({ kind: 'encode', text, options }, size, signal)).ids
  }

  async close(): Promise<void> {
    await Promise.all([this.long.close(), this.veryLong.close()])
  }

  private threadFor(size: number): PromptThread {
    return size > VERY_LONG ? this.veryLong : this.long
  }
}

/** One thread: makes one prompt after the other, the shortest of those that wait first. */
class PromptThread {
  private worker: Worker | undefined
  private current:
    { readonly job: Job; readonly started: number; readonly timer: ReturnType<typeof setTimeout> } | undefined
  private readonly waiting: Job[] = []
  private nextId = 0
  private closed = false

  constructor(
    private readonly model: SentModel,
    private readonly file: URL,
    private readonly patienceMs: number,
  ) {}

  make(ask: PromptAsk, size: number, signal: AbortSignal | undefined): Promise<MadePrompt> {
    return new Promise((resolve, reject) => {
      if (this.closed) return reject(new UserError('the engine is closed; load the model again', 'invalid_argument'))
      if (signal?.aborted) return reject(cancelled())
      const cancel = (): void => this.cancel(job)
      const settle = (): void => signal?.removeEventListener('abort', cancel)
      const job: Job = {
        id: this.nextId++,
        ask,
        size,
        resolve: (prompt) => (settle(), resolve(prompt)),
        reject: (error) => (settle(), reject(error)),
      }
      signal?.addEventListener('abort', cancel)
      this.waiting.push(job)
      this.next()
    })
  }

  async close(): Promise<void> {
    this.closed = true
    const { worker } = this
    this.worker = undefined
    const error = new UserError('the engine is closed; load the model again', 'invalid_argument')
    for (const job of [...(this.finish() ?? []), ...this.waiting.splice(0)]) job.reject(error)
    await worker?.terminate()
  }

  private next(): void {
    if (this.current || this.waiting.length === 0) return
    const job = this.waiting.reduce((least, other) => (other.size < least.size ? other : least))
    this.waiting.splice(this.waiting.indexOf(job), 1)
    const timer = setTimeout(() => this.restart(tooSlow(job)), this.patienceMs)
    this.current = { job, started: performance.now(), timer }
    const isNew = this.worker === undefined
    const message: ToPrompts = { id: job.id, ask: job.ask, ...(isNew && { model: this.model }) }
    this.started().postMessage(message)
  }

  private started(): Worker {
    if (this.worker) return this.worker
    const worker = new Worker(this.file)
    worker.unref()
    worker.on('message', (message: FromPrompts) => {
      if (worker !== this.worker || message.id !== this.current?.job.id) return
      const [job] = this.finish()
      if ('error' in message) job?.reject(receivedError(message.error))
      else job?.resolve({ text: message.text, ids: Array.from(message.ids) })
      this.next()
    })
    const lost = (reason: string): void => {
      if (worker === this.worker) this.restart(new Error(`internal error: the thread of long prompts ended: ${reason}`))
    }
    worker.on('error', (error) => lost(error.message))
    worker.on('exit', (code) => lost(`exit code ${code}`))
    return (this.worker = worker)
  }

  private cancel(job: Job): void {
    const at = this.waiting.indexOf(job)
    if (at >= 0) this.waiting.splice(at, 1)
    job.reject(cancelled())
    const { current } = this
    if (current?.job !== job) return
    setTimeout(
      () => {
        if (this.current === current) this.restart(cancelled())
      },
      Math.max(0, current.started + GIVE_UP_MS - performance.now()),
    ).unref()
  }

  /** What it works on fails, and the next ones get a new thread. */
  private restart(error: Error): void {
    const { worker } = this
    this.worker = undefined
    void worker?.terminate()
    for (const job of this.finish()) job.reject(error)
    this.next()
  }

  private finish(): Job[] {
    const { current } = this
    this.current = undefined
    if (!current) return []
    clearTimeout(current.timer)
    return [current.job]
  }
}

function cancelled(): UserError {
  return new UserError('the answer was cancelled', 'aborted')
}

function tooSlow({ size }: Job): UserError {
  return new UserError(`a text of ${size} characters takes too long to be made tokens; send less`, 'invalid_argument')
}
