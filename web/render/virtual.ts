/** An element that is to be; its children may be worked out when they are asked for. */
export interface VirtualElement {
  readonly tag: string
  children: VirtualNode[] | (() => VirtualNode[])
  readonly attributes?: Readonly<Record<string, string>> | undefined
  /** What it was made from: the same source is the same element, which is then left alone. */
  source?: string | undefined
}
export type VirtualNode = string | VirtualElement

/** Tags of an answer are those that the renderer names; none of them comes from the model. */
export function element(
  tag: string,
  children: VirtualElement['children'],
  attributes?: Readonly<Record<string, string>>,
  source?: string,
): VirtualElement {
  return { tag, children, attributes, source }
}

export function childrenOf(node: VirtualElement): VirtualNode[] {
  if (typeof node.children === 'function') node.children = node.children()
  return node.children
}

/** The nodes of the document. Text stays text: nothing is ever read as HTML. */
export function make(node: VirtualNode): Node {
  if (typeof node === 'string') return document.createTextNode(node)
  const made = document.createElement(node.tag)
  for (const [name, value] of Object.entries(node.attributes ?? {})) made.setAttribute(name, value)
  for (const child of childrenOf(node)) made.append(make(child))
  return made
}

/** Turns the children of `parent` from `first` on, which show `before`, into `after`; what is equal is not touched. */
export function patch(
  parent: Node,
  before: readonly VirtualNode[],
  after: VirtualNode[],
  first: ChildNode | null = parent.firstChild,
): void {
  let next = first
  for (const [i, wanted] of after.entries()) {
    const shown = before[i]
    const node = next
    if (shown === undefined || node === null) {
      parent.appendChild(make(wanted))
      continue
    }
    next = node.nextSibling
    if (typeof shown === 'string' || typeof wanted === 'string') replaceText(parent, node, shown, wanted)
    else if (shown.tag !== wanted.tag || !sameAttributes(shown, wanted)) parent.replaceChild(make(wanted), node)
    else if (shown.source !== undefined && shown.source === wanted.source) after[i] = shown
    else patch(node, childrenOf(shown), childrenOf(wanted))
  }
  for (let i = after.length; i < before.length && next; i++) {
    const gone = next
    next = next.nextSibling
    gone.remove()
  }
}

/** A text that grew is appended to, so that a selection in it stays. */
function replaceText(parent: Node, node: ChildNode, shown: VirtualNode, wanted: VirtualNode): void {
  if (shown === wanted) return
  if (typeof shown !== 'string' || typeof wanted !== 'string' || !(node instanceof Text)) {
    parent.replaceChild(make(wanted), node)
  } else if (wanted.startsWith(shown)) node.appendData(wanted.slice(shown.length))
  else node.data = wanted
}

function sameAttributes({ attributes: a = {} }: VirtualElement, { attributes: b = {} }: VirtualElement): boolean {
  const names = Object.keys(a)
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name])
}
