import { OPEN_MARK, blockNodes, visible, type Context, type Labels, type Tokens } from './blocks.js'
import { markdown, type Definitions } from './inline.js'
import { childrenOf, make, patch, type VirtualNode } from './virtual.js'

/** Control characters but tab and newline: no text shows them. */
const CONTROL = /(?![\t\n])\p{Cc}/gu
/** An open block of more text is not parsed any more: it is shown as it comes until an empty line. */
const LONGEST_BLOCK = 65_536

/** Text that is appended without being parsed, until a line that ends it. */
interface Verbatim {
  readonly end: RegExp
  readonly text: Text
  /** Where its text begins in the tail, and up to where lines were looked at. */
  readonly begin: number
  scanned: number
  readonly isCode: boolean
}

interface OpenReference {
  readonly node: ChildNode
  readonly source: string
}

/**
 * Markdown that comes in pieces, as nodes of a host. The last block that begins on a complete line stays open with all that
 * follows; what is before it is closed and never touched again: only blocks on the rightmost path can change (CommonMark, parsing
 * strategy). The nodes equal those of the whole text.
 */
export class MarkdownStream {
  private readonly definitions: Definitions = { references: {} }
  private tail = ''
  private shown: VirtualNode[] = []
  private verbatim: Verbatim | undefined
  /** Closed blocks with brackets, whose definition may come later. */
  private waiting: OpenReference[] = []
  private lastClosed: ChildNode | null = null

  constructor(
    private readonly host: HTMLElement,
    private readonly labels: Labels,
    /** Told of each element that will not change any more. */
    private readonly onClosed: (node: ChildNode) => void = () => undefined,
  ) {}

  append(text: string): void {
    this.tail += text.replace(CONTROL, '')
    if (this.verbatim) this.appendVerbatim(this.verbatim)
    if (!this.verbatim) this.step(false)
  }

  /** A whole text at once. */
  whole(text: string): void {
    this.tail = text.replace(CONTROL, '')
    this.end()
  }

  /** No more text comes. */
  end(): void {
    if (this.verbatim) this.leaveVerbatim(this.verbatim)
    this.step(true)
    if (Object.keys(this.definitions.references).length > 0) for (const open of this.waiting) this.resolve(open)
  }

  private get firstOpen(): ChildNode | null {
    return this.lastClosed ? this.lastClosed.nextSibling : this.host.firstChild
  }

  private step(done: boolean): void {
    const lines = this.tail.split('\n')
    const tokens: Tokens = []
    // What an open block seems to define counts only when it is closed.
    const open: Definitions = { references: Object.create(this.definitions.references) as Definitions['references'] }
    markdown.block.parse(this.tail, markdown, open, tokens)
    const { keep, line } = done ? { keep: tokens.length, line: lines.length } : openFrom(tokens, lines.length)
    if (done) Object.assign(this.definitions.references, { ...open.references })
    else if (line > 0) markdown.block.parse(`${lines.slice(0, line).join('\n')}\n`, markdown, this.definitions, [])
    const context: Context = { lines, definitions: this.definitions, labels: this.labels, done: true }
    const closed = blockNodes(tokens, 0, keep, context)
    const rest = blockNodes(tokens, keep, tokens.length, { ...context, definitions: open, done })
    const all = [...closed, ...rest]
    patch(this.host, this.shown, all, this.firstOpen)
    for (const node of all.slice(0, closed.length)) this.close(node)
    this.shown = all.slice(closed.length)
    if (line > 0) this.tail = lines.slice(line).join('\n')
    if (!done) this.enterVerbatim(tokens, rest)
  }

  private close(node: VirtualNode): void {
    const shown = this.firstOpen
    if (!shown) return
    this.lastClosed = shown
    const source = typeof node === 'string' ? undefined : node.source
    const isCode = typeof node === 'object' && node.attributes?.['class'] === 'code'
    if (!isCode && source?.includes('[')) this.waiting.push({ node: shown, source: source.split(OPEN_MARK, 1)[0]! })
    this.onClosed(shown)
  }

  private enterVerbatim(tokens: Tokens, open: readonly VirtualNode[]): void {
    const last = tokens.at(-1)
    if (open.length === 1 && last?.type === 'fence' && last.level === 0) return this.enterFence()
    if (this.tail.length < LONGEST_BLOCK) return
    const plain = document.createElement('p')
    plain.className = 'plain'
    const text = document.createTextNode(this.tail)
    plain.append(text)
    for (let node = this.firstOpen; node; node = this.firstOpen) node.remove()
    this.host.append(plain)
    this.shown = [{ tag: 'p', children: [''], attributes: { class: 'plain' } }]
    this.verbatim = { end: /^\s*$/, text, begin: 0, scanned: this.tail.length, isCode: false }
  }

  private enterFence(): void {
    const mark = /^ {0,3}(`{3,}|~{3,})[^\n]*\n/.exec(this.tail)
    const code = (this.host.lastChild as Element | null)?.querySelector('code')
    if (!mark || !code || /^ /.test(mark[0])) return
    const end = new RegExp(`^ {0,3}${mark[1]![0]!}{${mark[1]!.length},}[ \\t]*$`)
    const complete = this.tail.slice(mark[0].length).split('\n').slice(0, -1)
    if (complete.some((line) => end.test(line))) return
    const text = code.firstChild instanceof Text ? code.firstChild : code.appendChild(document.createTextNode(''))
    const scanned = Math.max(mark[0].length, this.tail.lastIndexOf('\n') + 1)
    this.verbatim = { end, text, begin: mark[0].length, scanned, isCode: true }
  }

  private appendVerbatim(verbatim: Verbatim): void {
    const { end, text, begin, isCode } = verbatim
    for (let newline; (newline = this.tail.indexOf('\n', verbatim.scanned)) >= 0; verbatim.scanned = newline + 1) {
      if (end.test(this.tail.slice(verbatim.scanned, newline))) return this.leaveVerbatim(verbatim)
    }
    // The last line may become the one that ends the block.
    const isEnd = isCode && /^ {0,3}[`~]+[ \t]*$/.test(this.tail.slice(verbatim.scanned))
    const all = this.tail.slice(begin, isEnd ? verbatim.scanned : undefined)
    const body = isCode ? visible(all) : all
    const had = text.data.length
    if (body.length >= had && body.startsWith(text.data.slice(-64), Math.max(0, had - 64))) {
      if (body.length > had) text.appendData(body.slice(had))
    } else text.data = body
  }

  /** What is shown is told to the next patch. */
  private leaveVerbatim({ isCode, text }: Verbatim): void {
    this.verbatim = undefined
    const [shown] = this.shown
    if (typeof shown !== 'object') return
    if (!isCode) {
      const host = text.parentElement
      this.lastClosed = host
      this.shown = []
      const cut = this.tail.search(/\n[ \t]*\n/)
      text.data = cut < 0 ? this.tail : this.tail.slice(0, cut)
      this.tail = cut < 0 ? '' : this.tail.slice(cut + 1)
      return
    }
    shown.source = undefined
    const pre = childrenOf(shown).at(-1)
    const code = typeof pre === 'object' ? childrenOf(pre)[0] : undefined
    if (typeof code === 'object') code.children = [text.data]
  }

  /** Renders a block once more, now that its definitions are known. */
  private resolve({ node, source }: OpenReference): void {
    const tokens: Tokens = []
    markdown.block.parse(source, markdown, this.definitions, tokens)
    const context: Context = {
      lines: source.split('\n'),
      definitions: this.definitions,
      labels: this.labels,
      done: true,
    }
    const [fresh, ...more] = blockNodes(tokens, 0, tokens.length, context)
    if (fresh === undefined || more.length > 0 || typeof fresh === 'string') return
    const made = make(fresh) as ChildNode
    node.replaceWith(made)
    this.onClosed(made)
  }
}

/** The first token and line that stay open. */
function openFrom(tokens: Tokens, lines: number): { keep: number; line: number } {
  for (let i = tokens.length - 1; i >= 0; i--) {
    const { level, nesting, map } = tokens[i]!
    if (level === 0 && nesting >= 0 && map && map[0] < lines - 1) return { keep: i, line: map[0] }
  }
  return { keep: 0, line: 0 }
}
