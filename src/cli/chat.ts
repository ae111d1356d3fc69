import { readFile, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { createInterface, type Interface } from 'node:readline'
import { z } from 'zod'
import type { ChatMessage } from '../chat/message.js'
import { UserError } from '../errors.js'
import type { Answering, EngineLike, Generation, GenerationResult } from '../remote/engine-like.js'
import { generateOptions, type LoadFlags, type SamplingFlags } from './flags.js'
import { History } from './history.js'
import { openModel } from './model.js'
import { stream } from './run.js'
import { style } from './style.js'
import { writeWhole } from './whole-file.js'
import { messageOf } from './wording.js'

export interface ChatFlags extends LoadFlags, SamplingFlags {
  readonly system?: string
}

const HELP = `/reset          begin anew
/system TEXT    set the system message and begin anew
/stats          speed of the last answer
/save FILE      write the conversation as JSON
/load FILE      go on with a saved conversation
/help           this
/exit           leave (or Ctrl-D)
Ctrl-C stops the answer; at the prompt, twice leaves.`

const SavedChat = z.array(
  z.object({
    role: z.enum(['system', 'developer', 'user', 'assistant', 'tool']),
    content: z.string().nullable(),
    reasoning_content: z.string().optional(),
    tool_calls: z
      .array(
        z.object({
          id: z.string(),
          type: z.literal('function'),
          function: z.object({ name: z.string(), arguments: z.string() }),
        }),
      )
      .optional(),
    tool_call_id: z.string().optional(),
    name: z.string().optional(),
  }),
)

/** A conversation in the terminal: one session, so that each turn only computes what is new. */
export async function chat(model: string | undefined, flags: ChatFlags): Promise<void> {
  const engine = await openModel(model, flags)
  if (!engine.info.hasChatTemplate)
    throw new UserError(
      `${engine.info.name} has no chat template; use kaiyuan run MODEL PROMPT --raw`,
      'invalid_argument',
    )
  const conversation = new Conversation(engine, flags)
  process.stdout.write(
    `${engine.info.name} (${engine.info.architecture}, ${engine.info.precision}). /help shows the commands.\n`,
  )
  const history = new History(join(homedir(), '.kaiyuan_history'))
  const lines = createInterface({
    input: process.stdin,
    output: process.stdout,
    prompt: '> ',
    history: await history.read(),
    historySize: 500,
  })
  try {
    await converse(lines, conversation, history)
  } finally {
    await history.settled()
    await conversation.close()
    await engine.close()
  }
}

async function converse(lines: Interface, conversation: Conversation, history: History): Promise<void> {
  let interrupted = false
  // The input may end while an answer is on its way; a closed interface must not be asked for more.
  let open = true
  lines.on('close', () => (open = false))
  lines.on('SIGINT', () => {
    if (conversation.stop()) return
    if (interrupted) return lines.close()
    process.stdout.write('\n(Ctrl-C again or /exit leaves)\n')
    interrupted = true
    lines.prompt()
  })
  lines.on('history', ([latest = '']: string[]) => history.add(latest))
  lines.prompt()
  for await (const line of lines) {
    interrupted = false
    try {
      if (line.trim() === '/exit') break
      if (line.startsWith('/')) await conversation.command(line.trim())
      else if (line.trim() !== '') await conversation.say(line)
    } catch (error) {
      if (!(error instanceof UserError)) throw error
      process.stdout.write(`${style('red', messageOf(error))}\n`)
    }
    if (open) lines.prompt()
  }
  lines.close()
}

class Conversation {
  private messages: ChatMessage[] = []
  private readonly session: Answering
  private running: Generation | undefined
  private last: GenerationResult | undefined

  constructor(
    engine: EngineLike,
    private readonly flags: ChatFlags,
  ) {
    this.session = engine.session()
    this.reset(flags.system)
  }

  /** True when there was an answer to stop. */
  stop(): boolean {
    this.running?.abort()
    return this.running !== undefined
  }

  async say(content: string): Promise<void> {
    const messages: ChatMessage[] = [...this.messages, { role: 'user', content }]
    this.running = this.session.chat(messages, generateOptions(this.flags))
    try {
      this.last = await stream(this.running)
    } finally {
      this.running = undefined
    }
    this.messages = [...messages, answerMessage(this.last)]
  }

  async command(line: string): Promise<void> {
    const [name, ...rest] = line.split(' ')
    const argument = rest.join(' ').trim()
    switch (name) {
      case '/reset':
        return this.reset(this.flags.system)
      case '/system':
        return this.reset(argument === '' ? undefined : argument)
      case '/stats':
        return this.stats()
      case '/save':
        return this.save(argument)
      case '/load':
        return this.load(argument)
      case '/help':
        process.stdout.write(`${HELP}\n`)
        return
      default:
        throw new UserError(`${name}: no such command; /help shows them`, 'invalid_argument')
    }
  }

  close(): Promise<void> {
    return this.session.close()
  }

  private reset(system: string | undefined): void {
    this.messages = system === undefined ? [] : [{ role: 'system', content: system }]
  }

  private stats(): void {
    if (!this.last) throw new UserError('no answer yet', 'invalid_argument')
    const { timings: t, promptTokens, cachedTokens, ids, speculation } = this.last
    process.stdout.write(
      `prompt ${promptTokens} tokens (${cachedTokens} cached), ${t.prefillTokensPerSecond.toFixed(1)} tok/s; ` +
        `answer ${ids.length} tokens, ${t.decodeTokensPerSecond.toFixed(1)} tok/s; first token after ${t.firstTokenMs.toFixed(0)} ms\n` +
        (speculation
          ? `speculation: ${speculation.accepted} of ${speculation.drafted} drafted tokens were accepted\n`
          : ''),
    )
  }

  private async save(file: string): Promise<void> {
    if (file === '') throw new UserError('/save FILE: expected a file name', 'invalid_argument')
    const found = await stat(file).catch(() => undefined)
    if (found && !(found.isFile() && savedChat(await readFile(file, 'utf8'))))
      throw new UserError(`${file}: what is there is no saved conversation; choose another name`, 'invalid_argument')
    try {
      await writeWhole(file, `${JSON.stringify(this.messages, null, 1)}\n`)
    } catch (cause) {
      throw new UserError(`${file}: cannot be written: ${(cause as Error).message}`, 'invalid_argument', { cause })
    }
    process.stdout.write(`saved ${this.messages.length} messages\n`)
  }

  private async load(file: string): Promise<void> {
    const text = await readFile(file, 'utf8').catch((cause: unknown) => {
      throw new UserError(`${file}: cannot be read: ${(cause as Error).message}`, 'file_not_found', { cause })
    })
    const saved = savedChat(text)
    if (!saved) throw new UserError(`${file}: expected a conversation written by /save`, 'invalid_file')
    this.messages = saved
    process.stdout.write(`loaded ${this.messages.length} messages\n`)
  }
}

/** What /save wrote; undefined for anything else. */
function savedChat(text: string): ChatMessage[] | undefined {
  try {
    return SavedChat.safeParse(JSON.parse(text)).data
  } catch {
    return undefined
  }
}

/** The answer as a message of the conversation. */
function answerMessage({ text, reasoning, toolCalls }: GenerationResult): ChatMessage {
  const calls = toolCalls.map(({ id, name, arguments: args }) => ({
    id,
    type: 'function' as const,
    function: { name, arguments: args },
  }))
  return {
    role: 'assistant',
    content: text === '' && calls.length > 0 ? null : text,
    ...(reasoning !== '' && { reasoning_content: reasoning }),
    ...(calls.length > 0 && { tool_calls: calls }),
  }
}
