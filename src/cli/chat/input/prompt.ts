import { createInterface, type CompleterResult, type Interface } from 'node:readline'
import { Keyboard, LEAVE_PASTES, MARK_PASTES } from './keyboard.js'
import { LINE_FEED, Pasted } from './pasted.js'

const PROMPT = '> '
const CONTINUED = '. '
const QUOTES = '"""'

export interface PromptOptions {
  /** The latest first. */
  readonly history: string[]
  readonly onHistory: (line: string) => void
  readonly complete: (line: string) => CompleterResult
  /** Ctrl-C while an answer comes. True when something was stopped. */
  readonly interrupt: () => boolean
}

/** Where messages are typed: a line each, several between triple quotes, or whatever was pasted. */
export class Prompt {
  /** Whether a person types at it. */
  readonly isTerminal: boolean
  private readonly keyboard: Keyboard | undefined
  private readonly pasted = new Pasted()
  private readonly lines: Interface
  /** Lines that nobody has asked for yet. */
  private readonly ready: string[] = []
  private wake: (() => void) | undefined
  private isClosed = false
  private interrupted = false

  constructor(private readonly options: PromptOptions) {
    const { stdin, stdout } = process
    const isTerminal = (this.isTerminal = stdin.isTTY && stdout.isTTY)
    const { interrupt, history, complete, onHistory } = options
    if (isTerminal)
      this.keyboard = new Keyboard(stdin, {
        paste: (text) => this.pasted.shown(text),
        newLine: LINE_FEED,
        interrupt,
        suspend: () => this.suspend(),
      })
    else process.on('SIGINT', () => interrupt() || process.exit(130))
    this.lines = createInterface({
      input: this.keyboard ?? stdin,
      output: stdout,
      terminal: isTerminal,
      prompt: PROMPT,
      history,
      historySize: 500,
      completer: complete,
    })
    this.lines.on('line', (line) => this.take(line))
    this.lines.on('close', () => this.end())
    this.lines.on('history', ([latest = '']: string[]) => onHistory(latest))
    this.lines.on('SIGINT', () => this.clear())
    this.lines.on('SIGTSTP', () => this.suspend())
    if (isTerminal) stdout.write(MARK_PASTES)
    this.keyboard?.hold()
  }

  /** The next message; undefined at the end of the input. */
  async message(): Promise<string | undefined> {
    const first = await this.line(PROMPT)
    if (first === undefined || !first.startsWith(QUOTES)) return first
    const parts = [first.slice(QUOTES.length)]
    while (!parts.at(-1)!.trimEnd().endsWith(QUOTES)) {
      const next = await this.line(CONTINUED)
      if (next === undefined) return parts.join('\n')
      parts.push(next)
    }
    return parts.join('\n').trimEnd().slice(0, -QUOTES.length)
  }

  /** A line that answers a question; undefined at the end of the input. */
  ask(question: string): Promise<string | undefined> {
    const lines = question.split('\n')
    if (lines.length > 1) process.stdout.write(`${lines.slice(0, -1).join('\n')}\n`)
    return this.line(lines.at(-1) ?? '')
  }

  /** Puts text on the next line, to be edited. */
  prefill(text: string): void {
    this.keyboard?.release()
    this.lines.write(this.pasted.shown(text))
  }

  /** Runs something that has the terminal for itself. */
  async outside(run: () => Promise<void> | void): Promise<void> {
    this.lines.pause()
    this.keyboard?.setRawMode(false)
    process.stdout.write(LEAVE_PASTES)
    try {
      await run()
    } finally {
      this.resume()
    }
  }

  close(): void {
    this.lines.close()
  }

  private async line(prompt: string): Promise<string | undefined> {
    if (this.ready.length === 0 && !this.isClosed) {
      this.lines.setPrompt(prompt)
      this.lines.prompt()
      this.keyboard?.release()
      await new Promise<void>((resolve) => (this.wake = resolve))
      this.wake = undefined
      this.keyboard?.hold()
    }
    const line = this.ready.shift()
    return line === undefined ? undefined : this.pasted.meant(line)
  }

  private take(line: string): void {
    this.interrupted = false
    this.ready.push(line)
    this.keyboard?.hold()
    this.wake?.()
  }

  private end(): void {
    this.isClosed = true
    // The shell's prompt begins its own line.
    if (this.keyboard) process.stdout.write(`${LEAVE_PASTES}\n`)
    this.wake?.()
  }

  /** Ctrl-C at the prompt clears the line; on an empty one, the second leaves. */
  private clear(): void {
    if (this.lines.line === '' && this.interrupted) return this.lines.close()
    this.interrupted = this.lines.line === ''
    this.lines.write(null, { ctrl: true, name: 'e' })
    this.lines.write(null, { ctrl: true, name: 'u' })
    if (!this.interrupted) return
    process.stdout.write('\n(Ctrl-C again, Ctrl-D or /bye leaves)\n')
    this.lines.prompt()
  }

  /** Ctrl-Z: the shell takes over, and `fg` comes back to where we were. */
  private suspend(): void {
    process.stdout.write(LEAVE_PASTES)
    this.keyboard?.setRawMode(false)
    process.once('SIGCONT', () => this.resume())
    process.kill(process.pid, 'SIGTSTP')
  }

  private resume(): void {
    process.stdout.write(MARK_PASTES)
    this.keyboard?.setRawMode(true)
    this.lines.resume()
    if (this.wake) this.lines.prompt(true)
  }
}
