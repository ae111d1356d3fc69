import { formula, inlineNodes, type Definitions, type markdown } from './inline.js'
import { element, type VirtualElement, type VirtualNode } from './virtual.js'

/** Between the source of a block and what else tells it from others; no source has it. */
export const OPEN_MARK = '\u0001'

export type Tokens = Parameters<typeof markdown.block.parse>[3]
type Token = Tokens[number]

/** Words of the buttons at a block of code. */
export interface Labels {
  readonly copy: string
  readonly wrap: string
  readonly code: string
  readonly table: string
}

/** What all blocks of a text share. */
export interface Context {
  readonly lines: readonly string[]
  readonly definitions: Definitions
  readonly labels: Labels
  /** No more text comes. */
  readonly done: boolean
}

/** Two levels down: the page has its own headings above those of an answer. */
const HEADINGS: Record<string, string> = { h1: 'h3', h2: 'h4', h3: 'h5', h4: 'h6', h5: 'h6', h6: 'h6' }
/** Text of either direction. */
const DIRECTED = new Set(['p', 'li', 'td', 'th', 'h3', 'h4', 'h5', 'h6', 'blockquote'])

/** The nodes of tokens[from..to), which are of one level. */
export function blockNodes(tokens: Tokens, from: number, to: number, context: Context): VirtualNode[] {
  const nodes: VirtualNode[] = []
  for (let i = from; i < to; i++) {
    const token = tokens[i]!
    if (token.nesting === 1) {
      const end = closing(tokens, i)
      nodes.push(...container(tokens, i, end, context))
      i = end
    } else if (token.type === 'inline') nodes.push(...inlineOf(token, context))
    else if (token.type === 'fence' || token.type === 'code_block') nodes.push(codeBlock(token, context))
    else if (token.type === 'math_block') nodes.push(formula(token.content, true))
    else if (token.type === 'hr') nodes.push(element('hr', []))
  }
  return nodes
}

function closing(tokens: Tokens, open: number): number {
  const { level } = tokens[open]!
  let end = open + 1
  while (!(tokens[end]!.level === level && tokens[end]!.nesting === -1)) end++
  return end
}

function container(tokens: Tokens, at: number, end: number, context: Context): VirtualNode[] {
  const token = tokens[at]!
  if (token.type === 'paragraph_open' && token.hidden) return inlineOf(tokens[at + 1]!, context)
  const source = sourceOf(token, context)
  const inner = tokens[at + 1]
  const tight = token.type === 'list_item_open' && inner?.type === 'paragraph_open' && inner.hidden
  const tag = HEADINGS[token.tag] ?? token.tag
  const node = element(
    tag,
    () => {
      const children = blockNodes(tokens, at + 1, end, context)
      return token.type === 'list_item_open' ? withTask(children) : children
    },
    attributesOf(token, tag),
    source === undefined ? undefined : source + (tight ? OPEN_MARK : ''),
  )
  if (tag !== 'table') return [node]
  const region = { class: 'table', tabindex: '0', role: 'region', 'aria-label': context.labels.table }
  return [element('div', [node], region, source)]
}

/** The lines, and whether more may come. */
function sourceOf({ map }: Token, context: Context): string | undefined {
  if (!map) return undefined
  return context.lines.slice(map[0], map[1]).join('\n') + (isOpen(map, context) ? `${OPEN_MARK}!` : '')
}

function isOpen(map: readonly [number, number], { lines, done }: Context): boolean {
  return !done && map[1] >= lines.length - 1
}

function inlineOf({ content, map }: Token, context: Context): VirtualNode[] {
  return inlineNodes(content, context.definitions, map !== null && isOpen(map, context))
}

function attributesOf(token: Token, tag: string): Record<string, string> | undefined {
  const attributes: Record<string, string> = {}
  if (DIRECTED.has(tag)) attributes['dir'] = 'auto'
  const start = token.attrGet('start')
  if (tag === 'ol' && start !== null) attributes['start'] = String(start)
  const align = /^text-align:(left|right|center)$/.exec(String(token.attrGet('style') ?? ''))?.[1]
  if (align !== undefined) attributes['class'] = align
  return Object.keys(attributes).length > 0 ? attributes : undefined
}

/** `[ ]` and `[x]` at the beginning of an item. */
function withTask(children: VirtualNode[]): VirtualNode[] {
  const [first, ...rest] = children
  const mark = typeof first === 'string' ? /^\[([ xX])\] /.exec(first) : null
  if (typeof first !== 'string' || !mark) return children
  return [element('span', [mark[1] === ' ' ? '☐' : '☑'], { class: 'task' }), first.slice(3), ...rest]
}

function codeBlock(token: Token, context: Context): VirtualElement {
  const { labels } = context
  const language = /^[\w+#.-]{1,20}/.exec(token.info.trim())?.[0] ?? ''
  const button = (action: string, label: string): VirtualElement =>
    element('button', [label], { type: 'button', 'data-act': action })
  const bar = [
    element('span', [language], { class: 'language' }),
    button('wrap', labels.wrap),
    button('copy-code', labels.copy),
  ]
  const region = { tabindex: '0', role: 'region', 'aria-label': language ? `${labels.code}: ${language}` : labels.code }
  const code = element('code', [visible(token.content)], language ? { 'data-language': language } : undefined)
  return element(
    'div',
    [element('div', bar, { class: 'bar' }), element('pre', [code], { ...region, dir: 'ltr' })],
    { class: 'code' },
    `${sourceOf(token, context) ?? ''}${OPEN_MARK}${token.content.length}`,
  )
}

/** Marks that turn the direction of what follows would let code look like other code. */
export function visible(code: string): string {
  return code.replace(/[\u202a-\u202e\u2066-\u2069]/g, (mark) => `⟨U+${mark.charCodeAt(0).toString(16).toUpperCase()}⟩`)
}
