/** A model that says what a script tells it, with all of the engine around it: in Node and in browsers. */
import { dialectOf } from '../../src/chat/dialects/answer.js'
import type { Dialect } from '../../src/chat/dialects/dialect.js'
import type { ChatMessage, ToolDefinition } from '../../src/chat/message.js'
import { ModelGrammars } from '../../src/engine/sample/constrain.js'
import { Engine } from '../../src/engine/engine.js'
import { GREEDY } from '../../src/engine/sample/sampler.js'
import { shareRunner } from '../../src/engine/load.js'
import type { Tokenizer } from '../../src/tokenizer/tokenizer.js'
import { FakeRunner, type FakeOptions } from '../engine/fake.js'

/** What a script reads: the conversation as the template got it. */
export interface Prompt {
  readonly messages: readonly ChatMessage[]
  readonly tools: readonly ToolDefinition[] | null
  readonly extra: Record<string, unknown>
}

/** What the model says to a conversation, or, for completions, after a text. */
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

/** The next token of the scripted answer after `prefix`. */
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
        // What stays comes first, as in the templates of models.
        JSON.stringify({ tools, extra, messages }) + MARK,
    },
    dialect: scriptedDialect,
    stopIds: new Set([END]),
    grammars: new ModelGrammars(byteTokenizer, VOCAB, new Set([END]), scriptedDialect),
    defaults: { sampling: GREEDY, samplingSource: 'model' as const },
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
