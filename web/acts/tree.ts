import type { Conversation, Message } from '../storage/types.js'

/** A conversation is a tree: each edit and each answer made again is a further child. This is the tree's arithmetic. */

/** The messages that are shown, from the first on: at each place the chosen version, or the newest. */
export function pathOf(messages: readonly Message[], chosen: Conversation['chosen']): Message[] {
  const children = childrenByParent(messages)
  const path: Message[] = []
  const seen = new Set<string>()
  for (let parent = ''; ;) {
    const versions = children.get(parent) ?? []
    const next = versions.find(({ id }) => id === chosen[parent]) ?? versions.at(-1)
    if (!next || seen.has(next.id)) return path
    seen.add(next.id)
    path.push(next)
    parent = next.id
  }
}

/** The versions at a message's place, in the order in which they were made. */
export function versionsOf(messages: readonly Message[], message: Message): Message[] {
  return inOrder(messages.filter(({ parent, role }) => parent === message.parent && role === message.role))
}

/** A message and all that comes after it. */
export function subtreeOf(messages: readonly Message[], id: string): string[] {
  const children = childrenByParent(messages)
  const found: string[] = []
  const open = [id]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (found.includes(next)) continue
    found.push(next)
    open.push(...(children.get(next) ?? []).map((child) => child.id))
  }
  return found
}

function childrenByParent(messages: readonly Message[]): Map<string, Message[]> {
  const children = new Map<string, Message[]>()
  for (const message of inOrder(messages)) {
    const siblings = children.get(message.parent)
    if (siblings) siblings.push(message)
    else children.set(message.parent, [message])
  }
  return children
}

function inOrder(messages: readonly Message[]): Message[] {
  return [...messages].sort((a, b) => a.created - b.created || (a.id < b.id ? -1 : 1))
}
