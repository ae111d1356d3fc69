import type { Generation, GenerationResult, Piece } from '../../remote/engine-like.js'
import { style } from '../style.js'
import { printable } from './control.js'
import { MarkdownText } from './markdown.js'
import { PromptStatus, StatusLine } from './status-line.js'
import { WordWrap, type Format } from './wrap.js'

type Part = NonNullable<Piece['part']>

export interface PrintOptions {
  /** Leave a model's thoughts out; the time that they took is told. */
  readonly hideThinking?: boolean | undefined
}

/**
 * Prints an answer while it comes. On a terminal: words are not broken, Markdown is shown lightly, thoughts are dim and labelled, and
 * no control character of the model gets there. Elsewhere the answer's text alone, as it is; thoughts go to the terminal, if there
 * is one.
 */
export async function printAnswer(generation: Generation, options: PrintOptions = {}): Promise<GenerationResult> {
  const status = new StatusLine()
  const reading = new PromptStatus()
  const printer = process.stdout.isTTY ? new TerminalPrinter(status, options) : new PlainPrinter(status, options)
  let isWhole = false
  try {
    for await (const piece of generation.pieces()) {
      if (piece.reading) status.show(reading.describe(piece.reading))
      if (piece.part) printer.part(piece.part)
    }
    const result = await generation.result
    isWhole = true
    return result
  } finally {
    status.clear()
    printer.end(isWhole)
  }
}

/** What shows thoughts: a label, the thoughts dim, and how long they took. */
class Thoughts {
  private readonly begun = performance.now()

  constructor(
    private readonly stream: NodeJS.WriteStream,
    private readonly status: StatusLine,
    private readonly isHidden: boolean,
    private readonly write: (text: string) => void,
  ) {
    if (isHidden) status.show('thinking')
    else write(`${style('dim', 'Thinking...', stream)}\n`)
  }

  text(text: string): void {
    if (this.isHidden) this.status.show(`thinking, ${this.took()}`)
    else this.write(printable(text))
  }

  end(): void {
    this.status.clear()
    const label = this.isHidden ? `(thought for ${this.took()})` : `\n...done thinking (${this.took()})`
    this.write(`${style('dim', label, this.stream)}\n\n`)
  }

  private took(): string {
    return `${((performance.now() - this.begun) / 1000).toFixed(1)} s`
  }
}

/** For pipes and files. */
class PlainPrinter {
  private thoughts: Thoughts | undefined
  private last: Part['kind'] | undefined

  constructor(
    private readonly status: StatusLine,
    private readonly options: PrintOptions,
  ) {}

  part(part: Part): void {
    if (part.kind === 'reasoning') return this.think(part.text)
    if (this.last === undefined) this.status.clear()
    this.endThoughts()
    if (part.kind === 'tool-input') return
    const lineEnds =
      this.last === undefined ? '' : part.kind === 'tool-call' ? '\n' : this.last === part.kind ? '' : '\n\n'
    process.stdout.write(lineEnds + (part.kind === 'tool-call' ? callText(part.call) : part.text))
    this.last = part.kind
  }

  /** @param isWhole false: it failed, and where nothing came nothing is shown */
  end(isWhole: boolean): void {
    this.endThoughts()
    if (isWhole || this.last !== undefined) process.stdout.write('\n')
  }

  private think(text: string): void {
    const { stderr } = process
    if (!stderr.isTTY) return
    if (!this.thoughts) this.status.clear()
    const write = (shown: string): boolean => stderr.write(style('dim', shown, stderr))
    this.thoughts ??= new Thoughts(stderr, this.status, this.options.hideThinking ?? false, write)
    this.thoughts.text(text)
  }

  private endThoughts(): void {
    this.thoughts?.end()
    this.thoughts = undefined
  }
}

class TerminalPrinter {
  private readonly wrap = new WordWrap(
    (text) => process.stdout.write(text),
    () => process.stdout.columns ?? 0,
  )
  private readonly markdown = new MarkdownText(
    {
      text: (text, format) => this.wrap.write(text, format),
      code: (text) => this.wrap.raw(style('cyan', text)),
      fence: (text) => this.wrap.raw(style('dim', text)),
    },
    { bold: (text) => style('bold', text), code: (text) => style('cyan', text) },
  )
  private thoughts: Thoughts | undefined
  private last: Part['kind'] | undefined

  constructor(
    private readonly status: StatusLine,
    private readonly options: PrintOptions,
  ) {}

  part(part: Part): void {
    if (part.kind === 'tool-input') return
    if (this.last === undefined) this.status.clear()
    const isNew = this.last !== part.kind
    if (isNew || part.kind === 'tool-call') this.separate(part.kind)
    this.last = part.kind
    if (part.kind === 'reasoning') this.think(part.text)
    else if (part.kind === 'tool-call') this.wrap.write(printable(callText(part.call)), dim)
    else this.markdown.write(printable(part.text))
  }

  /** @param isWhole false: it failed, and where nothing came nothing is shown */
  end(isWhole: boolean): void {
    this.separate(undefined)
    if (isWhole || this.last !== undefined) process.stdout.write('\n')
  }

  /** Between parts of different kinds. */
  private separate(next: Part['kind'] | undefined): void {
    if (this.last === 'text') this.markdown.end()
    this.wrap.flush()
    if (this.thoughts) {
      this.thoughts.end()
      this.wrap.flush()
      this.thoughts = undefined
    } else if (this.last !== undefined && next !== undefined) this.wrap.write(next === this.last ? '\n' : '\n\n')
  }

  private think(text: string): void {
    const isHidden = this.options.hideThinking ?? false
    this.thoughts ??= new Thoughts(process.stdout, this.status, isHidden, (shown) => this.wrap.write(shown, dim))
    this.thoughts.text(text)
  }
}

const dim: Format = (text) => style('dim', text)

function callText({ name, arguments: args }: { readonly name: string; readonly arguments: string }): string {
  return `${name}(${args})`
}
