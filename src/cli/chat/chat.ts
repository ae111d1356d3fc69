import { readdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { UserError } from '../../errors.js'
import type { EngineLike, SessionLike } from '../../remote/engine-like.js'
import type { LoadFlags, SamplingFlags } from '../flags.js'
import { interruptible, openModel } from '../model.js'
import { wrapped } from '../print/wrap.js'
import { PromptCache } from '../prompt-cache.js'
import type { Ask } from '../store/consent.js'
import { style } from '../style.js'
import { messageOf } from '../wording.js'
import { COMMAND_NAMES, FILE_COMMANDS, fromHome, runCommand, type Chat } from './commands.js'
import { Conversation } from './conversation.js'
import { describeModel } from './describe.js'
import { History } from './history.js'
import { Prompt } from './input/prompt.js'
import { SavedChats, keepsHistory, type KeptChat } from './saved.js'
import { ChatTools } from '../mcp/chat-tools.js'
import { Settings } from './settings.js'

export interface ChatFlags extends LoadFlags, SamplingFlags {
  readonly system?: string
  readonly hideThinking?: boolean
  /** False with --no-history. */
  readonly history?: boolean
  readonly resume?: boolean
  /** A file that keeps the session's cache. */
  readonly promptCache?: string
  /** A file of MCP servers. */
  readonly mcp?: string
  readonly mcpYes?: boolean
}

/** A conversation in the terminal: one session, so that each turn only computes what is new. */
export async function chat(model: string | undefined, flags: ChatFlags, hints: readonly string[] = []): Promise<void> {
  // Checked before a model is loaded.
  const settings = new Settings(flags)
  const cache = flags.promptCache === undefined ? undefined : await PromptCache.open(flags.promptCache)
  const engine = await interruptible((signal) => openChatModel(model, flags, signal))
  const session = await cache
    ?.session(engine, (text) => process.stdout.write(`${wrapped(text)}\n`))
    .catch(closing(engine))
  process.stdout.write(`${wrapped(`${describeModel(engine.info)} /? lists the commands.`)}\n`)
  for (const hint of hints) process.stdout.write(`${wrapped(hint)}\n`)
  const keeps = keepsHistory(flags.history)
  const history = new History(join(homedir(), '.kaiyuan_history'))
  const talk = new Talk(engine, session, flags, settings, {
    lines: keeps ? await history.read() : [],
    add: (line) => (keeps ? history.add(line) : undefined),
    keeps,
  })
  try {
    await talk.openTools()
    await talk.run()
    if (cache) await talk.conversation.save(cache)
  } finally {
    await history.settled()
    await talk.close()
  }
}

/** What fails closes the engine. */
function closing(engine: EngineLike): (error: unknown) => Promise<never> {
  return async (error) => {
    await engine.close()
    throw error
  }
}

async function openChatModel(
  model: string | undefined,
  flags: LoadFlags,
  signal: AbortSignal,
  ask?: Ask,
): Promise<EngineLike> {
  const engine = await openModel(model, flags, signal, ask)
  if (engine.info.hasChatTemplate) return engine
  await engine.close()
  throw new UserError(
    `${engine.info.name} has no chat template; use kaiyuan run MODEL PROMPT --raw`,
    'invalid_argument',
  )
}

interface Kept {
  readonly lines: string[]
  readonly add: (line: string) => void
  /** Whether the conversation is kept too. */
  readonly keeps: boolean
}

/** A conversation with the prompt that it is typed at. */
class Talk implements Chat {
  readonly prompt: Prompt
  readonly conversation: Conversation
  readonly saved = new SavedChats()
  system: string | undefined
  tools: ChatTools | undefined
  private file = this.saved.newFile()
  private attached = ''
  /** Of /model, while it loads. */
  private opening: AbortController | undefined

  constructor(
    engine: EngineLike,
    session: SessionLike | undefined,
    private readonly flags: ChatFlags,
    readonly settings: Settings,
    private readonly kept: Kept,
  ) {
    this.conversation = new Conversation(engine, this.settings, (text) => this.note(text), session)
    this.prompt = new Prompt({
      history: kept.lines,
      onHistory: kept.add,
      complete: completions,
      interrupt: () => this.stop(),
    })
    this.begin(flags.system)
  }

  note(text: string): void {
    process.stdout.write(`${style('dim', wrapped(text))}\n`)
  }

  attach(name: string, text: string): void {
    this.attached += `${name}:\n\`\`\`\n${text.trimEnd()}\n\`\`\`\n\n`
  }

  async say(text: string): Promise<void> {
    await this.conversation.say(this.attached + text)
    this.attached = ''
  }

  begin(system: string | undefined): void {
    this.system = system
    this.attached = ''
    this.file = this.saved.newFile()
    this.conversation.begin(system === undefined ? [] : [{ role: 'system', content: system }])
  }

  resume({ file, messages }: KeptChat): void {
    this.file = file
    this.conversation.begin(messages)
  }

  async use(model: string): Promise<void> {
    const opening = (this.opening = new AbortController())
    // The prompt reads the terminal: a question of anybody else's would take it away.
    const ask = this.prompt.isTerminal ? (question: string) => this.prompt.ask(question) : undefined
    try {
      const engine = await openChatModel(model, this.flags, opening.signal, ask)
      await this.conversation.use(engine)
      this.note(describeModel(engine.info))
    } finally {
      this.opening = undefined
    }
  }

  /** Ends what runs: an answer, or the load of another model. True when there was one. */
  private stop(): boolean {
    this.opening?.abort(new UserError('cancelled', 'aborted'))
    return this.conversation.stop() || this.opening !== undefined
  }

  /** Starts the servers of --mcp. */
  async openTools(): Promise<void> {
    const { mcp, mcpYes = false } = this.flags
    if (mcp === undefined) return
    this.tools = await ChatTools.open(mcp, {
      ask: (question) => this.prompt.ask(question),
      note: (text) => this.note(text),
      yes: mcpYes,
      isTerminal: this.prompt.isTerminal,
    })
    this.conversation.tools = this.tools
  }

  async run(): Promise<void> {
    if (this.flags.resume) await this.resumeLast()
    for (let isOver = false; !isOver;) {
      const message = await this.prompt.message()
      if (message === undefined) {
        // A terminal has its own line end from Ctrl-D.
        if (!process.stdin.isTTY) process.stdout.write('\n')
        return
      }
      try {
        isOver = await this.turn(message)
      } catch (error) {
        if (!(error instanceof UserError)) throw error
        process.stdout.write(`${style('red', messageOf(error))}\n`)
      }
    }
  }

  async close(): Promise<void> {
    this.prompt.close()
    await this.tools?.close()
    await this.conversation.close()
  }

  private async resumeLast(): Promise<void> {
    const [last] = await this.saved.list(1)
    if (!last) return this.note('(no conversation is kept yet)')
    this.resume(last)
    this.note(`(continuing with ${last.messages.length} messages)`)
  }

  /** @returns true where the chat ends */
  private async turn(message: string): Promise<boolean> {
    const line = message.trim()
    if (line === '') return false
    if (/^(exit|quit)$/.test(line)) return true
    const before = this.conversation.messages
    const isCommand = /^\/(\?|[A-Za-z]+)(\s|$)/.test(line)
    if (isCommand && (await runCommand(this, line))) return true
    if (!isCommand) await this.say(message)
    if (
      this.conversation.messages !== before &&
      this.kept.keeps &&
      this.conversation.messages.some(({ role }) => role === 'user')
    )
      await this.saved.keep(this.file, this.conversation.messages)
    return false
  }
}

/** What Tab offers: commands, and files after those that take one. */
function completions(line: string): [string[], string] {
  const [, command = '', file] = /^(\/\S*)(?:\s+(.*))?$/.exec(line) ?? []
  if (file !== undefined && FILE_COMMANDS.includes(command)) return [filesLike(file), file]
  if (command === '' || file !== undefined) return [[], line]
  return [COMMAND_NAMES.filter((name) => name.startsWith(command.toLowerCase())), command]
}

function filesLike(typed: string): string[] {
  const folder = typed.endsWith('/') ? typed : dirname(typed)
  const begin = typed.endsWith('/') ? '' : basename(typed)
  const place = typed.endsWith('/') ? typed : typed.includes('/') ? `${folder === '/' ? '' : folder}/` : ''
  try {
    return readdirSync(folder === '' ? '.' : fromHome(folder), { withFileTypes: true })
      .filter(({ name }) => name.startsWith(begin) && (begin !== '' || !name.startsWith('.')))
      .map((entry) => `${place}${entry.name}${entry.isDirectory() ? '/' : ''}`)
  } catch {
    return []
  }
}
