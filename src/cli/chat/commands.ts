import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readFile, rm, stat, writeFile } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { distance } from 'fastest-levenshtein'
import { UserError } from '../../errors.js'
import { describeResult } from '../print/describe-result.js'
import { bytesOf, cannotRead, textOf } from '../text-file.js'
import { writeNamed } from '../whole-file.js'
import type { Conversation, Note } from './conversation.js'
import type { Prompt } from './input/prompt.js'
import { chatText, savedChat, type KeptChat, type SavedChats } from './saved.js'
import type { Settings } from './settings.js'

/** Conversations that /resume shows. */
const SHOWN_CHATS = 10
/** A text file that is larger fills every context. */
const MOST_FILE_BYTES = 4 * 2 ** 20

/** What the commands of a chat work on. */
export interface Chat {
  readonly conversation: Conversation
  readonly settings: Settings
  readonly prompt: Prompt
  readonly saved: SavedChats
  /** Of --mcp. */
  readonly tools: { list(): string } | undefined
  readonly note: Note
  /** Text of /file, put in front of the next message. */
  attach(name: string, text: string): void
  /** Sends a message, with what is attached. */
  say(text: string): Promise<void>
  /** A conversation begins, with a system message or with another one's messages. */
  begin(system: string | undefined): void
  resume(chat: KeptChat): void
  readonly system: string | undefined
  use(model: string): Promise<void>
}

interface Command {
  readonly names: readonly [string, ...string[]]
  /** What is typed after the name, as help shows it. */
  readonly takes?: string
  readonly help: string
  /** @returns true where the chat ends */
  run(chat: Chat, argument: string): unknown
}

const COMMANDS: readonly Command[] = [
  {
    names: ['/new', '/reset', '/clear'],
    help: 'start over; the system message stays',
    run(chat) {
      chat.begin(chat.system)
      chat.note('(a new conversation)')
    },
  },
  {
    names: ['/system'],
    takes: 'TEXT',
    help: 'set the system message and start over',
    run(chat, text) {
      chat.begin(text === '' ? undefined : text)
      chat.note(text === '' ? '(a new conversation without a system message)' : '(a new conversation)')
    },
  },
  {
    names: ['/retry', '/regenerate'],
    help: 'another answer to the last question',
    run: (chat) => chat.conversation.retry(),
  },
  {
    names: ['/continue'],
    help: 'continue an answer that was cut or stopped',
    run: (chat) => chat.conversation.goOn(),
  },
  {
    names: ['/undo'],
    help: 'take back the last question and its answer',
    run({ conversation, prompt }) {
      prompt.prefill(conversation.undo())
    },
  },
  {
    names: ['/edit'],
    takes: '[TEXT]',
    help: 'write the message in $VISUAL or $EDITOR',
    async run(chat, text) {
      const written = await inEditor(chat.prompt, text)
      if (written.trim() === '') return chat.note('(nothing was written)')
      await chat.say(written)
    },
  },
  {
    names: ['/file'],
    takes: 'FILE',
    help: 'put a text file in front of the next message',
    async run(chat, name) {
      const text = await textFile(name)
      chat.attach(name, text)
      chat.note(`(${name}: ${text.length.toLocaleString('en')} characters go with the next message)`)
    },
  },
  {
    names: ['/copy'],
    help: "copy the last answer to the terminal's clipboard",
    run({ conversation, note }) {
      const text = conversation.lastAnswer
      if (text === '') throw new UserError('there is no answer yet', 'invalid_argument')
      // OSC 52: the terminal has the clipboard, also over ssh.
      process.stdout.write(`\u001b]52;c;${Buffer.from(text).toString('base64')}\u0007`)
      note(`(copied ${text.length.toLocaleString('en')} characters, where the terminal allows it)`)
    },
  },
  {
    names: ['/set'],
    takes: 'NAME VALUE',
    help: 'temperature, top-p, max-tokens, seed and others; VALUE default takes it back',
    run({ settings, note }, argument) {
      const [name = '', value = ''] = argument.split(/\s+/)
      if (name !== '') settings.set(name, value)
      note(settings.list())
    },
  },
  {
    names: ['/think'],
    takes: 'on|off|low|medium|high|show|hide',
    help: 'whether the model thinks, how much, and whether that is shown',
    run: ({ settings, note }, argument) => note(settings.think(argument)),
  },
  {
    names: ['/model'],
    takes: 'NAME',
    help: 'continue with another model',
    async run(chat, name) {
      if (name === '') throw new UserError('/model NAME: expected a model', 'invalid_argument')
      await chat.use(name)
    },
  },
  {
    names: ['/tools'],
    help: 'tools of the MCP servers, and whether their calls are asked for',
    run: ({ tools, note }) =>
      note(tools?.list() ?? 'there are no tools; kaiyuan chat --mcp FILE brings those of MCP servers'),
  },
  { names: ['/stats'], help: 'speed of the last answer', run: ({ conversation, note }) => note(stats(conversation)) },
  { names: ['/save'], takes: 'FILE', help: 'write the conversation as JSON', run: save },
  {
    names: ['/load'],
    takes: 'FILE',
    help: 'continue with a saved conversation',
    async run(chat, file) {
      const messages = savedChat((await bytesOf(file)).toString())
      if (!messages) throw new UserError(`${file}: expected a conversation written by /save`, 'invalid_file')
      // A file of its own: the conversation so far is kept under the name that it has.
      chat.resume({ file: chat.saved.newFile(), messages })
      chat.note(`loaded ${messages.length} messages`)
    },
  },
  { names: ['/resume'], takes: '[N]', help: 'earlier conversations, or continue with one', run: resume },
  { names: ['/help', '/?'], help: 'this', run: ({ note }) => note(HELP()) },
  { names: ['/bye', '/exit', '/quit'], help: 'leave (or Ctrl-D)', run: () => true },
]

const HELP = (): string => {
  const rows = COMMANDS.map(({ names, takes, help }) => [[names[0], takes].filter(Boolean).join(' '), help] as const)
  const width = Math.max(...rows.filter(([usage]) => usage.length < 20).map(([usage]) => usage.length))
  return [
    ...rows.map(([usage, help]) =>
      usage.length > width ? `${usage}\n${' '.repeat(width)}  ${help}` : `${usage.padEnd(width)}  ${help}`,
    ),
    '"""            begins and ends a message of several lines; Alt-Enter starts a new line; pasted text is one message',
    'Ctrl-C stops the answer or clears the line; Tab completes commands and files.',
  ].join('\n')
}

/** All that Tab may complete. */
export const COMMAND_NAMES: readonly string[] = COMMANDS.flatMap(({ names }) => names)
/** Those whose argument is a file. */
export const FILE_COMMANDS = ['/file', '/load', '/save']
/** Those whose argument may be a path. */
const PATH_COMMANDS = [...FILE_COMMANDS, '/model']

/** A path as a shell would read it, which is not there to do it: `~` is the home. */
export function fromHome(path: string): string {
  return /^~(\/|$)/.test(path) ? `${homedir()}${path.slice(1)}` : path
}

/** Runs a line that begins with a slash. @returns true where the chat ends @throws UserError for an unknown one: names the nearest */
export async function runCommand(chat: Chat, line: string): Promise<boolean> {
  const [, typed = '', argument = ''] = /^(\S+)\s*([\s\S]*)$/.exec(line.trim()) ?? []
  const name = typed.toLowerCase()
  const command = COMMANDS.find(({ names }) => names.includes(name))
  if (command) {
    const given = argument.trim()
    return (await command.run(chat, PATH_COMMANDS.includes(command.names[0]) ? fromHome(given) : given)) === true
  }
  const [nearest] = [...COMMAND_NAMES].sort((a, b) => distance(a, name) - distance(b, name))
  const hint = nearest !== undefined && distance(nearest, name) <= 3 ? `did you mean ${nearest}? ` : ''
  throw new UserError(`${typed}: no such command; ${hint}/? shows them`, 'invalid_argument')
}

function stats({ result }: Conversation): string {
  if (!result) throw new UserError('no answer yet', 'invalid_argument')
  return describeResult(result)
}

async function save({ conversation, note }: Chat, file: string): Promise<void> {
  if (file === '') throw new UserError('/save FILE: expected a file name', 'invalid_argument')
  const found = await stat(file).catch(() => undefined)
  if (found && !(found.isFile() && savedChat(await readFile(file, 'utf8'))))
    throw new UserError(`${file}: what is there is no saved conversation; choose another name`, 'invalid_argument')
  await writeNamed(file, chatText(conversation.messages), { isPrivate: true })
  note(`saved ${conversation.messages.length} messages`)
}

async function resume(chat: Chat, argument: string): Promise<void> {
  const kept = await chat.saved.list(SHOWN_CHATS)
  if (kept.length === 0) return chat.note('no conversation is kept yet')
  if (argument === '') return chat.note(kept.map((one, i) => `${i + 1}  ${titleOf(one)}`).join('\n'))
  const found = kept[Number(argument) - 1]
  if (!found)
    throw new UserError(`/resume: expected a number from 1 to ${kept.length}; found ${argument}`, 'invalid_argument')
  chat.resume(found)
  chat.note(`(continuing with: ${titleOf(found)})`)
}

/** The first question, on one line. */
function titleOf({ messages }: KeptChat): string {
  const question = messages.find(({ role }) => role === 'user')?.content
  const turns = messages.filter(({ role }) => role === 'user').length
  const title = typeof question === 'string' ? question.replace(/\s+/g, ' ').slice(0, 60) : ''
  return `${title} (${turns === 1 ? '1 question' : `${turns} questions`})`
}

async function textFile(name: string): Promise<string> {
  if (name === '') throw new UserError('/file FILE: expected a file name', 'invalid_argument')
  const found = await stat(name).catch((cause: unknown) => cannotRead(name, cause))
  if (!found.isFile()) throw new UserError(`${name}: expected a file`, 'invalid_argument')
  if (found.size > MOST_FILE_BYTES)
    throw new UserError(`${name}: has ${found.size} bytes; expected at most ${MOST_FILE_BYTES}`, 'invalid_file')
  return textOf(name)
}

/** What was written in the person's editor. */
async function inEditor(prompt: Prompt, text: string): Promise<string> {
  const editor = process.env['VISUAL'] || process.env['EDITOR']
  if (!editor) throw new UserError('/edit: set VISUAL or EDITOR to your editor', 'invalid_argument')
  const file = join(tmpdir(), `kaiyuan-${randomBytes(8).toString('hex')}.md`)
  await writeFile(file, text, { mode: 0o600, flag: 'wx' })
  try {
    await prompt.outside(() => {
      // As git does: the variable may hold arguments.
      const { status, error } = spawnSync('sh', ['-c', `${editor} "$1"`, 'sh', file], { stdio: 'inherit' })
      if (error ?? status !== 0) throw new UserError(`/edit: ${editor} failed`, 'invalid_argument')
    })
    return await readFile(file, 'utf8')
  } finally {
    await rm(file, { force: true })
  }
}
