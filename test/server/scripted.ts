import { MessageChannel } from 'node:worker_threads'
import { dialectOf } from '../../src/chat/dialects/answer.js'
import type { Dialect } from '../../src/chat/dialects/dialect.js'
import type { ChatMessage, ToolDefinition } from '../../src/chat/message.js'
import { ModelGrammars } from '../../src/engine/sample/constrain.js'
import { Engine } from '../../src/engine/engine.js'
import { GREEDY } from '../../src/engine/sample/sampler.js'
import { shareRunner } from '../../src/engine/load.js'
import { startServer, type RunningServer, type ServerOptions } from '../../src/server/server.js'
import { hostEngine } from '../../src/remote/host.js'
import type { ClientSide, FromEngine, ToEngine } from '../../src/remote/protocol.js'
import { EngineSupervisor, type Supervised } from '../../src/remote/supervisor.js'
import type { Tokenizer } from '../../src/tokenizer/tokenizer.js'
import { FakeRunner, type FakeOptions } from '../engine/fake.js'

/** What a script reads: the conversation as the template got it. */
export interface Prompt {
  readonly messages: readonly ChatMessage[]
  readonly tools: readonly ToolDefinition[] | null
  readonly extra: Record<string, unknown>
}

/** What the model says to a conversation, or, for completions, behind a text. */
export type Script = (prompt: Prompt | string) => string

/** Bytes; 256 ends an answer, 257 stands where one begins. */
const END = 256
const ANSWER = 257
const VOCAB = 258
const MARK = '<|answer|>'

export const byteTokenizer: Tokenizer = {
  vocabSize: VOCAB,
  eosIds: [END],
  encode: (text) =>
    text.split(MARK).flatMap((part, i) => [...(i === 0 ? [] : [ANSWER]), ...new TextEncoder().encode(part)]),
  decode: (ids) => new TextDecoder().decode(Uint8Array.from(ids.filter((id) => id < 256))),
  decoder: () => {
    const decoder = new TextDecoder()
    return {
      push: (id) => (id < 256 ? decoder.decode(Uint8Array.of(id), { stream: true }) : ''),
      flush: () => decoder.decode(),
    }
  },
  idOf: () => undefined,
  bytesOf: (id) => (id < 256 ? Uint8Array.of(id) : undefined),
}

/** Reasoning in <think>, calls as JSON in <tool_call>. */
const scriptedDialect: Dialect = dialectOf(
  { name: 'scripted', calls: [{ call: '<tool_call>{"name":"$name","arguments":$arguments}</tool_call>' }] },
  { markers: [] },
)

/** What a model with tools writes to call them. */
export function callText(name: string, args: unknown): string {
  return `<tool_call>${JSON.stringify({ name, arguments: args })}</tool_call>`
}

/** The next token of the scripted answer behind `prefix`. */
function scriptedNext(script: Script): (prefix: readonly number[]) => number {
  const answers = new Map<string, number[]>()
  return (prefix) => {
    const mark = prefix.lastIndexOf(ANSWER)
    // A completion has no mark: it is told its prompt once, and says the rest of a line that begins with it.
    if (mark < 0) {
      const text = byteTokenizer.decode(prefix)
      const whole = byteTokenizer.encode(script(text))
      return whole[prefix.length] ?? END
    }
    const prompt = byteTokenizer.decode(prefix.slice(0, mark))
    let answer = answers.get(prompt)
    if (!answer) {
      answer = byteTokenizer.encode(script(JSON.parse(prompt) as Prompt))
      answers.set(prompt, answer)
      if (answers.size > 200) answers.delete(answers.keys().next().value ?? '')
    }
    return answer[prefix.length - mark - 1] ?? END
  }
}

/** An engine with the real scheduler, cache and sampler, whose model says what a script tells it. */
export function scriptedEngine(script: Script, options: FakeOptions & { contextLength?: number } = {}): Engine {
  const { contextLength = 16_384, ...fake } = options
  const runner = new FakeRunner({
    stepTokens: 512,
    maxLogitRows: 64,
    vocab: VOCAB,
    next: scriptedNext(script),
    ...fake,
  })
  const model = {
    name: 'scripted',
    shared: shareRunner(runner, VOCAB, contextLength),
    tokenizer: byteTokenizer,
    template: {
      render: (messages: readonly ChatMessage[], { tools = null, extra = {} }: Partial<Prompt> = {}) =>
        JSON.stringify({ messages, tools, extra }) + MARK,
    },
    dialect: scriptedDialect,
    stopIds: new Set([END]),
    grammars: new ModelGrammars(byteTokenizer, VOCAB, new Set([END]), scriptedDialect),
    defaults: { sampling: GREEDY },
  }
  const info = {
    name: 'scripted',
    architecture: 'scripted',
    vocabSize: VOCAB,
    contextLength,
    layers: 1,
    parameters: 1,
    activeParameters: 1,
    backend: 'fake',
    threads: 1,
    precision: 'exact' as const,
    weightBytes: 1,
    activeWeightBytes: 1,
    stopIds: [END],
    hasChatTemplate: true,
    hasTokenizer: true,
  }
  return new Engine(info, model)
}

/** The line to an engine in this thread: the same messages, copied in the same way, without a worker. */
export function localLine(engine: Engine | Promise<Engine>): ClientSide & { crash(): void } {
  const { port1, port2 } = new MessageChannel()
  let exited: (reason: string) => void = () => undefined
  void Promise.resolve(engine).then((loaded) =>
    hostEngine(loaded, {
      send: (message) => port2.postMessage(message),
      onMessage: (handler) => void port2.on('message', (message: ToEngine) => handler(message)),
    }),
  )
  const close = async (): Promise<void> => {
    await (await engine).close()
    port1.close()
  }
  return {
    send: (message) => port1.postMessage(message),
    onMessage: (handler) => void port1.on('message', (message: FromEngine) => handler(message)),
    onExit: (handler) => void (exited = handler),
    terminate: close,
    crash() {
      void close()
      exited('it was told to')
    },
  }
}

export interface TestServer extends RunningServer {
  readonly engine: EngineSupervisor
  readonly log: Record<string, unknown>[]
  stop(): Promise<void>
}

const DEFAULTS: ServerOptions = {
  host: '127.0.0.1',
  port: 0,
  apiKeys: [],
  maxConcurrency: 8,
  maxQueue: 64,
  maxBody: 1_000_000,
  cors: [],
  logPrompts: false,
  version: 'test',
}

/** A server that listens, over an engine in this thread. */
export async function serveEngine(
  engine: Engine | Promise<Engine> | (() => ClientSide),
  options: Partial<ServerOptions> = {},
  name = 'scripted',
  load: Pick<Supervised, 'model' | 'options'> = {},
): Promise<TestServer> {
  const log: Record<string, unknown>[] = []
  const connect = typeof engine === 'function' ? engine : () => localLine(engine)
  const report = (message: string): void => void log.push({ event: 'engine', message })
  const remote = new EngineSupervisor(name, { connect, report, ...load })
  const server = await startServer([remote], { ...DEFAULTS, ...options }, (entry) => log.push(entry))
  await remote.loaded
  return {
    ...server,
    engine: remote,
    log,
    stop: async () => {
      await server.drain(0)
    },
  }
}
