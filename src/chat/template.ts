import { Environment, Interpreter, parse, tokenize } from '@huggingface/jinja'
import type { Checkpoint } from '../checkpoint/checkpoint.js'
import { UserError } from '../errors.js'
import type { ChatMessage, ToolDefinition } from './message.js'
import { codedPrompt } from './prompts/registry.js'

export interface RenderOptions {
  /** Ends the text where the assistant's answer begins. */
  readonly addGenerationPrompt?: boolean
  readonly tools?: readonly ToolDefinition[]
  /** Further variables, such as enable_thinking. */
  readonly extra?: Record<string, unknown>
}

/** Turns a conversation into the text that the model was trained on. */
export interface ChatTemplate {
  /** @throws UserError invalid_template when the template refuses the messages or does not end. */
  render(messages: readonly ChatMessage[], options?: RenderOptions): string
  /** The template's text, which tells the dialect of the answers; none where the prompt is made by code. */
  readonly source?: string
  /** The same text in pieces, for families that forbid special tokens in what people write. */
  segments?(messages: readonly ChatMessage[], options?: RenderOptions): PromptSegment[]
}

/** A piece of a prompt that is turned into ids alone. */
export interface PromptSegment {
  readonly text: string
  /** Names of special tokens in it are special tokens; else it is plain text, whatever it looks like. */
  readonly special: boolean
}

/** Steps of the interpreter; published templates take some thousands. */
const MAX_STEPS = 500_000
const MAX_RANGE = 100_000

type SpecialTokens = Readonly<Record<string, string>>

/**
 * The model's chat template: chat_template.jinja, tokenizer_config.json or GGUF metadata, else the prompt that is made by
 * code for its model_type; undefined when there is neither.
 * @throws UserError when the template cannot be parsed.
 */
export async function loadChatTemplate(checkpoint: Checkpoint): Promise<ChatTemplate | undefined> {
  const coded = codedPrompt(checkpoint.config['model_type'])
  if (checkpoint.metadata) {
    const source = checkpoint.metadata.get('tokenizer.chat_template')
    if (typeof source !== 'string') return coded
    return jinjaTemplate(source, ggufTokens(checkpoint.metadata), checkpoint.name)
  }
  const config = await readJson(checkpoint, 'tokenizer_config.json')
  const file = await readText(checkpoint, 'chat_template.jinja')
  const source = file ?? templateOf(config?.['chat_template'])
  if (source === undefined) return coded
  return jinjaTemplate(source, configTokens(config ?? {}), checkpoint.name)
}

/** A template of Jinja text with its special tokens; `where` is for messages. */
export function jinjaTemplate(source: string, tokens: SpecialTokens, where: string): ChatTemplate {
  const fail = (error: unknown): never => {
    if (error instanceof UserError) throw error
    const reason = error instanceof Error ? error.message : String(error)
    throw new UserError(`${where}: the chat template failed: ${reason}`, 'invalid_template', {
      cause: error,
      remedies: [{ advice: 'other messages' }, { option: 'raw' }],
    })
  }
  let program: ReturnType<typeof parse>
  try {
    program = parse(tokenize(source, { lstrip_blocks: true, trim_blocks: true }))
  } catch (error) {
    return fail(error)
  }
  return {
    source,
    render(messages, options = {}) {
      try {
        const environment = new Environment()
        const interpreter = new BoundedInterpreter(environment)
        const given = {
          ...GLOBALS,
          range: (...args: Parameters<typeof boundedRange>) => interpreter.charge(boundedRange(...args)),
          ...tokens,
          messages: messages.map((message) => templateMessage(message, source)),
          add_generation_prompt: options.addGenerationPrompt ?? true,
          tools: options.tools ?? null,
          ...bothNames(options.extra),
        }
        for (const [name, value] of Object.entries(given)) environment.set(name, value)
        const result: { value: unknown } = interpreter.run(program)
        return String(result.value)
      } catch (error) {
        return fail(error)
      }
    },
  }
}

/** Whether to think is asked for by either of two names, as the template has it. */
function bothNames(extra: Record<string, unknown> = {}): Record<string, unknown> {
  const asked = extra['enable_thinking'] ?? extra['thinking']
  return asked === undefined ? extra : { enable_thinking: asked, thinking: asked, ...extra }
}

/** A message as transformers gives it to templates: arguments as an object, and no keys without a value. */
function templateMessage(message: ChatMessage, source: string): Record<string, unknown> {
  const entries = Object.entries(message).filter(([, value]) => value !== undefined)
  const plain = Object.fromEntries(entries) as Record<string, unknown>
  // A template that does not ask for none would print it.
  if (message.content === null && !/content\W+is (not )?none/i.test(source)) plain['content'] = ''
  // Most templates refuse or skip a role that they do not know.
  if (message.role === 'developer' && !source.includes('developer')) plain['role'] = 'system'
  if (message.tool_calls) {
    plain['tool_calls'] = message.tool_calls.map((call) => ({
      ...call,
      type: 'function',
      function: { ...call.function, arguments: argumentsObject(call.function.arguments) },
    }))
  }
  const reasoning = source.includes('message.thinking') ? message.reasoning_content : undefined
  return reasoning ? withThinking(plain, reasoning) : plain
}

/** gpt-oss' template looks for the thought in `thinking`, and refuses one beside a text before a call. */
function withThinking(message: Record<string, unknown>, reasoning: string): Record<string, unknown> {
  const textBeforeCall = message['tool_calls'] !== undefined && Boolean(message['content'])
  return textBeforeCall ? message : { ...message, thinking: reasoning }
}

/** The object of JSON text; what is no JSON stays the text that it is. */
function argumentsObject(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** Jinja has no notion of time, so an endless template is stopped by counting what it evaluates. */
class BoundedInterpreter extends Interpreter {
  private steps = 0

  /** Loops with an empty body evaluate nothing, so their numbers count too. */
  charge<T>(list: T[]): T[] {
    this.count(list.length)
    return list
  }

  override evaluate(...args: Parameters<Interpreter['evaluate']>): ReturnType<Interpreter['evaluate']> {
    this.count(1)
    return super.evaluate(...args)
  }

  private count(steps: number): void {
    this.steps += steps
    if (this.steps > MAX_STEPS) throw new Error(`it has not ended after ${MAX_STEPS} steps`)
  }
}

/** What transformers gives to every template. */
const GLOBALS = {
  true: true,
  false: false,
  none: null,
  True: true,
  False: false,
  None: null,
  raise_exception: (message: string) => {
    throw new Error(message)
  },
  strftime_now: (format: string) => strftime(new Date(), format),
}

function boundedRange(start: number, stop?: number, step = 1): number[] {
  const [from, to] = stop === undefined || stop === null ? [0, start] : [start, stop]
  const by = typeof step === 'number' ? step : 1
  if (by === 0) throw new Error('range() step must not be zero')
  const count = Math.max(0, Math.ceil((to - from) / by))
  if (count > MAX_RANGE) throw new Error(`range() of ${count} numbers; at most ${MAX_RANGE} are allowed`)
  return Array.from({ length: count }, (_, i) => from + i * by)
}

/** The directives that published templates use. */
function strftime(date: Date, format: string): string {
  const two = (n: number): string => String(n).padStart(2, '0')
  const name = (options: Intl.DateTimeFormatOptions): string => date.toLocaleDateString('en-US', options)
  const parts: Record<string, () => string> = {
    Y: () => String(date.getFullYear()),
    m: () => two(date.getMonth() + 1),
    d: () => two(date.getDate()),
    H: () => two(date.getHours()),
    M: () => two(date.getMinutes()),
    S: () => two(date.getSeconds()),
    b: () => name({ month: 'short' }),
    B: () => name({ month: 'long' }),
    a: () => name({ weekday: 'short' }),
    A: () => name({ weekday: 'long' }),
    '%': () => '%',
  }
  return format.replace(/%([YmdHMSbBaA%])/g, (_, key: string) => parts[key]!())
}

/** One template, or several with names, of which `default` counts. */
function templateOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  if (!Array.isArray(value)) return undefined
  const named = value as { name?: unknown; template?: unknown }[]
  const chosen = named.find((t) => t.name === 'default') ?? named[0]
  return typeof chosen?.template === 'string' ? chosen.template : undefined
}

/** bos_token and its like: a string, or an object with its content. */
function configTokens(config: Record<string, unknown>): SpecialTokens {
  const tokens: Record<string, string> = {}
  for (const name of ['bos_token', 'eos_token', 'pad_token', 'unk_token']) {
    const value = config[name]
    const text = typeof value === 'object' && value !== null ? (value as { content?: unknown }).content : value
    if (typeof text === 'string') tokens[name] = text
  }
  return tokens
}

function ggufTokens(metadata: ReadonlyMap<string, unknown>): SpecialTokens {
  const texts = metadata.get('tokenizer.ggml.tokens')
  const tokens: Record<string, string> = {}
  for (const name of ['bos', 'eos', 'unk']) {
    const id = metadata.get(`tokenizer.ggml.${name}_token_id`)
    const text: unknown = Array.isArray(texts) && typeof id === 'number' ? texts[id] : undefined
    if (typeof text === 'string') tokens[`${name}_token`] = text
  }
  return tokens
}

async function readText(checkpoint: Checkpoint, name: string): Promise<string | undefined> {
  const source = await checkpoint.file(name)
  if (!source) return undefined
  try {
    if (source.size > 64 << 20)
      throw new UserError(
        `${source.name}: ${source.size} bytes; expected at most 64 MiB. Fetch the file again.`,
        'invalid_file',
      )
    return new TextDecoder().decode(await source.read(0, source.size))
  } finally {
    await source.close()
  }
}

async function readJson(checkpoint: Checkpoint, name: string): Promise<Record<string, unknown> | undefined> {
  const text = await readText(checkpoint, name)
  if (text === undefined) return undefined
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
    throw new SyntaxError('not an object')
  } catch (cause) {
    throw new UserError(
      `${checkpoint.name}/${name}: expected a JSON object: ${(cause as Error).message}. Fetch the file again.`,
      'invalid_file',
      { cause },
    )
  }
}
