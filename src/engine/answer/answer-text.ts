import type { AnswerParser, Part, ToolCall } from '../../chat/dialects/dialect.js'
import type { StreamDecoder } from '../../tokenizer/tokenizer.js'
import { StopText } from './stop.js'

/** Where an answer's text goes. */
export interface TextRun {
  /** Splits the answer of a chat. */
  readonly parser: AnswerParser | undefined
  readonly stop: readonly string[]
  readonly emit: (part: Part) => void
  /** Told, when it is known, whether the tokens since the last time are outside of the answer's text. */
  readonly place: (outside: boolean) => void
}

/** Ids on their way to the reader: decoded, split into reasoning, text and calls, and the text cut at stop strings. */
export class AnswerText {
  text = ''
  reasoning = ''
  readonly toolCalls: ToolCall[] = []
  /** A call that was cut off, as far as it came. */
  partialCall: ToolCall | undefined
  /** Tokens of thoughts and of the marks around them. */
  reasoningTokens = 0
  /** Stop strings end the text: a thought or a call may hold them. */
  private readonly stop: StopText
  private stopped = false
  /** Tokens that may be the mark of a thought. */
  private undecided = 0

  constructor(
    private readonly decoder: StreamDecoder | undefined,
    private readonly run: TextRun,
  ) {
    this.stop = new StopText(run.stop)
  }

  get stopText(): string | undefined {
    return this.stop.found
  }

  /** True when a stop string was found. */
  push(id: number): boolean {
    const { parser } = this.run
    const before = parser?.place
    this.deliver(this.decoder?.push(id) ?? '')
    this.countThought(before === 'reasoning' || parser?.place === 'reasoning')
    return this.stopped
  }

  /** @param cut the answer ended in the middle, so that a call may lack its end */
  end(cut: boolean): void {
    if (this.stopped) return
    this.deliver(this.decoder?.flush() ?? '')
    if (this.stopped) return
    this.giveAll(this.run.parser?.flush(cut) ?? [])
    if (!this.stopped) this.emitText(this.stop.flush())
    this.partialCall = this.run.parser?.partial
  }

  private countThought(isThought: boolean): void {
    const { place, pending = '' } = this.run.parser ?? {}
    this.undecided++
    if (isThought) this.reasoningTokens += this.undecided
    if (isThought || place !== 'elsewhere' || pending === '') this.undecided = 0
  }

  private deliver(piece: string): void {
    const { parser } = this.run
    if (!parser) return this.giveText(piece)
    if (piece === '') return
    const parts = parser.push(piece)
    const said = parser.place === 'text' || parts.some(({ kind }) => kind === 'text')
    // What may yet become a mark is neither.
    if (said || parser.pending === '') this.run.place(!said)
    this.giveAll(parts)
    // The parser holds back what may be the end of the text; a stop string in it ends the answer now.
    const { place, pending = '' } = parser
    if (place === 'text' && !this.stopped && this.stop.endsIn(pending)) this.giveText(pending)
  }

  private giveAll(parts: readonly Part[]): void {
    for (const part of parts) {
      if (this.stopped) return
      this.give(part)
    }
  }

  private give(part: Part): void {
    if (part.kind === 'text') return this.giveText(part.text)
    this.emitText(this.stop.flush())
    if (part.kind === 'tool-call') this.toolCalls.push(part.call)
    else if (part.kind === 'reasoning') this.reasoning += part.text
    if (part.kind === 'tool-call' || part.text !== '') this.run.emit(part)
  }

  private giveText(piece: string): void {
    const { text, stopped } = this.stop.push(piece)
    this.stopped = stopped
    this.emitText(text)
  }

  private emitText(text: string): void {
    if (text === '') return
    this.text += text
    this.run.emit({ kind: 'text', text })
  }
}
