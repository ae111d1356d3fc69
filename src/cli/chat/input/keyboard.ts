import { StringDecoder } from 'node:string_decoder'
import { Transform, type TransformCallback } from 'node:stream'

/** What a terminal sends in place of a key, before and after pasted text. */
const PASTE_BEGINS = '\u001b[200~'
const PASTE_ENDS = '\u001b[201~'
const ALT_ENTER = '\u001b\r'
const CTRL_C = '\u0003'
const CTRL_Z = '\u001a'
/** Asks the terminal to mark pasted text, or to leave that. */
export const MARK_PASTES = '\u001b[?2004h'
export const LEAVE_PASTES = '\u001b[?2004l'

export interface KeyboardEvents {
  /** Shown in place of pasted text, on one line. */
  readonly paste: (text: string) => string
  /** Shown in place of a line feed inside of a message. */
  readonly newLine: string
  /** Ctrl-C and Ctrl-Z while keys are held. */
  readonly interrupt: () => void
  readonly suspend: () => void
}

/**
 * What is typed, on its way to readline: pasted text arrives as one piece without line feeds that would send it, Alt-Enter is a line
 * feed of the message, and what is typed while an answer comes waits until the prompt is there again.
 */
export class Keyboard extends Transform {
  private readonly decoder = new StringDecoder('utf8')
  private pending = ''
  private held = false

  constructor(
    private readonly terminal: NodeJS.ReadStream,
    private readonly events: KeyboardEvents,
  ) {
    super({ decodeStrings: true })
    terminal.pipe(this)
  }

  /** As readline asks of a terminal. */
  setRawMode(isRaw: boolean): this {
    this.terminal.setRawMode(isRaw)
    return this
  }

  /** Keeps keys to itself until {@link release}, but for Ctrl-C and Ctrl-Z. */
  hold(): void {
    this.held = true
  }

  release(): void {
    this.held = false
    this.pass()
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.pending += this.decoder.write(chunk)
    if (this.held) this.pending = this.listen(this.pending)
    else this.pass()
    done()
  }

  /** Ctrl-C and Ctrl-Z do what they do at once, also in front of what is held. */
  private listen(text: string): string {
    if (text.includes(CTRL_C)) {
      this.events.interrupt()
      // Who stops an answer does not mean what was typed before.
      return text.slice(text.lastIndexOf(CTRL_C) + 1)
    }
    if (text.includes(CTRL_Z)) {
      this.events.suspend()
      return text.replaceAll(CTRL_Z, '')
    }
    return text
  }

  private pass(): void {
    for (;;) {
      const begin = this.pending.indexOf(PASTE_BEGINS)
      const typed = begin < 0 ? this.pending : this.pending.slice(0, begin)
      if (typed !== '') this.push(typed.replaceAll(ALT_ENTER, this.events.newLine))
      if (begin < 0) {
        this.pending = ''
        return
      }
      const end = this.pending.indexOf(PASTE_ENDS, begin)
      this.pending = this.pending.slice(begin)
      if (end < 0) return
      const text = this.pending.slice(PASTE_BEGINS.length, end - begin)
      this.pending = this.pending.slice(end - begin + PASTE_ENDS.length)
      this.push(this.events.paste(text))
    }
  }
}
