import { Environment, Interpreter, parse, tokenize } from '@huggingface/jinja'
import type { Checkpoint, EmbeddedTokenizer } from '../checkpoint/checkpoint.js'
import { UserError } from '../errors.js'
import { isJsonObject, type JsonObject } from '../json.js'
import type { ChatMessage } from './message.js'
import type { ChatTemplate } from './prompt.js'
import { codedPrompt } from './prompts/registry.js'
import { templateSource } from './template-source.js'

/** Steps of the interpreter; published templates take some thousands. */
const MAX_STEPS = 500_000
const MAX_RANGE = 100_000

type SpecialTokens = Readonly<Record<string, string>>

/**
 * The model's chat template, wherever the checkpoint has it, else the prompt that is made by
 * code for its model_type; undefined when there is neither.
 * @throws UserError when the template cannot be parsed.
 */
export async function loadChatTemplate(checkpoint: Checkpoint): Promise<ChatTemplate | undefined> {
  const coded = codedPrompt(checkpoint.config['model_type'])
  const { embedded, name } = checkpoint
  const found = await templateSource(checkpoint)
  if (!found) return coded
  const tokens = embedded
    ? embeddedTokens(embedded.vocabulary)
    : configTokens((await checkpoint.json('tokenizer_config.json')) ?? {})
  const template = jinjaTemplate(found.text, tokens, name)
  return found.withTools === undefined ? template : byTools(template, jinjaTemplate(found.withTools, tokens, name))
}

/** Of two templates, the second where the conversation has tools. */
function byTools(without: ChatTemplate, tools: ChatTemplate): ChatTemplate {
  return {
    // What the format of answers is known by may stand in either.
    source: `${tools.source}\n${without.source}`,
    render: (messages, options = {}) => ((options.tools ?? []).length > 0 ? tools : without).render(messages, options),
  }
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

/** gpt-oss' template looks for the thought in `thinking`, and refuses one next to a text before a call. */
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

/** bos_token and its like: a string, or an object with its content. */
function configTokens(config: JsonObject): SpecialTokens {
  const tokens: Record<string, string> = {}
  for (const name of ['bos_token', 'eos_token', 'pad_token', 'unk_token']) {
    const value = config[name]
    const text = isJsonObject(value) ? value['content'] : value
    if (typeof text === 'string') tokens[name] = text
  }
  return tokens
}

function embeddedTokens(vocabulary: EmbeddedTokenizer['vocabulary']): SpecialTokens {
  const texts = vocabulary.get('tokens')
  const tokens: Record<string, string> = {}
  for (const name of ['bos', 'eos', 'unk']) {
    const id = vocabulary.get(`${name}_token_id`)
    const text: unknown = Array.isArray(texts) && typeof id === 'number' ? texts[id] : undefined
    if (typeof text === 'string') tokens[`${name}_token`] = text
  }
  return tokens
}
