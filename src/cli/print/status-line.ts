import type { PromptProgress } from '../../remote/engine-like.js'
import { style } from '../style.js'

/** What is over sooner is not worth a line. */
const PATIENCE_MS = 400
const ERASE_LINE = '\r\u001b[K'

/** A line on the terminal that says what happens until something else is written. */
export class StatusLine {
  private readonly begun = performance.now()
  private shown = false
  private text = ''
  private timer: NodeJS.Timeout | undefined

  constructor(private readonly stream: NodeJS.WriteStream = process.stderr) {}

  /** Shows `text` in place of what was there, once that took a while. */
  show(text: string): void {
    // A dumb one cannot take a line back.
    if (!this.stream.isTTY || process.env['TERM'] === 'dumb') return
    this.text = text
    const wait = PATIENCE_MS - (performance.now() - this.begun)
    if (wait <= 0) this.draw()
    else this.timer ??= setTimeout(() => this.draw(), wait)
  }

  clear(): void {
    clearTimeout(this.timer)
    this.timer = undefined
    if (this.shown) this.stream.write(ERASE_LINE)
    this.shown = false
    this.text = ''
  }

  private draw(): void {
    if (this.text === '') return
    const columns = this.stream.columns > 1 ? this.stream.columns - 1 : 79
    this.stream.write(`${ERASE_LINE}${style('dim', this.text.slice(0, columns), this.stream)}`)
    this.shown = true
  }
}

/** `reading 4,096 of 9,930 tokens | 21 s left`, by the speed since the first that was told. */
export class PromptStatus {
  private first: { readonly at: number; readonly read: number } | undefined

  describe({ promptTokens, readTokens }: PromptProgress, now = performance.now()): string {
    const first = (this.first ??= { at: now, read: readTokens })
    const speed = (readTokens - first.read) / (now - first.at)
    const left = speed > 0 ? ` | ${duration((promptTokens - readTokens) / speed)} left` : ''
    return `reading ${withCommas(readTokens)} of ${withCommas(promptTokens)} tokens${left}`
  }
}

/** `9,930`: what toLocaleString says, which loads a language's tables for it, in the time of two tokens of mini. */
function withCommas(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',')
}

/** `21 s`, `3 min 20 s` */
export function duration(milliseconds: number): string {
  const seconds = Math.ceil(milliseconds / 1000)
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`
}
