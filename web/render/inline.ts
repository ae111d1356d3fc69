import MarkdownIt from 'markdown-it'
import { math } from './math.js'
import { element, type VirtualElement, type VirtualNode } from './virtual.js'

/** HTML is text, a single newline is a line break. */
export const markdown = new MarkdownIt({ html: false, linkify: true, breaks: true, maxNesting: 32 })
markdown.use(math)

/** What markdown-it keeps of a text: its link definitions. */
export interface Definitions extends Record<PropertyKey, unknown> {
  references: Record<string, { title: string; href: string }>
}

const OPENED = new Set(['http:', 'https:', 'mailto:'])
/** A paragraph longer than this is shown as it is. */
const LONGEST_TEXT = 65_536

/** The address, if it is one that a page may open. */
export function openable(href: string): string | undefined {
  if (!URL.canParse(href)) return undefined
  const url = new URL(href)
  return OPENED.has(url.protocol) ? url.href : undefined
}

/** Marks that are not closed yet are closed, so that none is seen while its end is on the way. */
function withClosedMarks(text: string): string {
  const coded = withClosedCode(text)
  const line = coded.slice(coded.lastIndexOf('\n') + 1).replace(/`[^`]*`/g, '')
  let ended = coded.replace(/(?<=^|[\s([{])(\*{1,3}|~~)$/, '')
  if (ended !== coded) return ended
  for (const mark of ['**', '~~']) if (line.split(mark).length % 2 === 0) ended = `${ended.trimEnd()}${mark}`
  if (ended === coded && /(^|[\s(])\*[^\s*][^*]*$/.test(line)) return `${coded.trimEnd()}*`
  return ended
}

function withClosedCode(text: string): string {
  const ticks = text.match(/`+/g) ?? []
  if (ticks.length % 2 === 0) return text
  return text.endsWith('`') ? text.replace(/`+$/, '') : text + ticks.at(-1)!
}

/**
 * The nodes of a paragraph's text.
 * @param isOpen more of it may come
 */
export function inlineNodes(text: string, definitions: Definitions, isOpen = false): VirtualNode[] {
  if (text.length > LONGEST_TEXT) return [text]
  const tokens: Parameters<typeof markdown.inline.parse>[3] = []
  markdown.inline.parse(isOpen ? withClosedMarks(text) : text, markdown, definitions, tokens)
  const nodes: VirtualNode[] = []
  const stack = [nodes]
  const push = (node: VirtualNode): void => {
    const top = stack.at(-1)!
    const last = top.at(-1)
    if (typeof node === 'string' && typeof last === 'string') top[top.length - 1] = last + node
    else top.push(node)
  }
  for (const token of tokens) {
    if (token.nesting === 1) {
      const children: VirtualNode[] = []
      push(token.tag === 'a' ? link(String(token.attrGet('href') ?? ''), children) : element(token.tag, children))
      stack.push(children)
    } else if (token.nesting === -1) stack.pop()
    else if (token.type === 'softbreak' || token.type === 'hardbreak') push(element('br', []))
    else if (token.type === 'code_inline') push(element('code', [token.content], { dir: 'ltr' }))
    else if (token.type === 'math') push(formula(token.content, token.markup === '$$'))
    else if (token.type === 'image') push(picture(token.content, String(token.attrGet('src') ?? '')))
    else if (token.content) push(token.content)
  }
  return nodes
}

/** The source, until KaTeX has set it. */
export function formula(source: string, display: boolean): VirtualElement {
  return element('code', [source], { class: display ? 'math display' : 'math', dir: 'ltr' })
}

function link(address: string, children: VirtualNode[]): VirtualElement {
  const href = openable(address)
  if (href === undefined) return element('span', children)
  const title = href.startsWith('mailto:') ? href : new URL(href).host
  return element('a', children, { href, title, target: '_blank', rel: 'noopener noreferrer' })
}

/** Pictures are not fetched: their text, and the address as text. */
function picture(text: string, address: string): VirtualElement {
  return element('span', [`${text} (${openable(address) ?? 'picture'})`], { class: 'picture' })
}
