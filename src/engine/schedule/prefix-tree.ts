import { PAGE_SIZE } from '../../backends/backend.js'
import { invariant } from '../../errors.js'

/** A full cache page, reached by the tokens of all pages before it. */
export interface PrefixNode {
  readonly page: number
  readonly key: string
  readonly parent: PrefixNode | undefined
  readonly children: Map<string, PrefixNode>
  /** Sequences that read this page now. */
  users: number
}

/**
 * Full cache pages by what they hold: a tree whose edges are the tokens of one page, so that every request with the same
 * beginning reads the same pages. Pages are counted by their users; without users they stay until memory is needed, and
 * the page that was used least recently goes first. The idea of SGLang's radix attention, arXiv 2312.07104.
 */
export class PrefixTree {
  private readonly root = new Map<string, PrefixNode>()
  /** Nodes without users in the order of their last use. A page is always put down after the pages that follow it, so the first is a leaf. */
  private readonly idle = new Set<PrefixNode>()

  /** Pages that could be taken back at once. */
  get idleCount(): number {
    return this.idle.size
  }

  /** The page after `parent` that holds tokens [start, start + PAGE_SIZE), counted as used. */
  use(parent: PrefixNode | undefined, tokens: readonly number[], start: number, salt = ''): PrefixNode | undefined {
    const node = this.find(parent, tokens, start, salt)
    if (node) this.count(node)
    return node
  }

  /** The page that {@link use} would find. */
  find(parent: PrefixNode | undefined, tokens: readonly number[], start: number, salt = ''): PrefixNode | undefined {
    return this.childrenOf(parent).get(keyOf(parent, tokens, start, salt))
  }

  /** Shares a page. When the tree has one with the same tokens, that one is used and `page` stays the caller's. */
  add(parent: PrefixNode | undefined, tokens: readonly number[], start: number, page: number, salt = ''): PrefixNode {
    const children = this.childrenOf(parent)
    const key = keyOf(parent, tokens, start, salt)
    let node = children.get(key)
    if (!node) children.set(key, (node = { page, key, parent, children: new Map(), users: 0 }))
    this.count(node)
    return node
  }

  /** Ends one use. Call for the last page of a sequence first. */
  release(node: PrefixNode): void {
    invariant(node.users > 0, 'a cache page was given back twice')
    if (--node.users === 0) this.idle.add(node)
  }

  /** Takes a page out of the tree for a caller who is its only user and wants to write to it; false when others need it. */
  takeBack(node: PrefixNode): boolean {
    // Pages after it would be out of reach.
    if (node.users !== 1 || node.children.size > 0) return false
    this.childrenOf(node.parent).delete(node.key)
    return true
  }

  /** Forgets the page used least recently and returns it; undefined when all are in use. */
  evict(): PrefixNode | undefined {
    const [node] = this.idle
    if (!node) return undefined
    invariant(node.children.size === 0, 'a cache page goes before the pages after it')
    this.idle.delete(node)
    this.childrenOf(node.parent).delete(node.key)
    return node
  }

  private count(node: PrefixNode): void {
    node.users++
    this.idle.delete(node)
  }

  private childrenOf(parent: PrefixNode | undefined): Map<string, PrefixNode> {
    return parent ? parent.children : this.root
  }
}

/** Sequences of different salts part at the first page. */
function keyOf(parent: PrefixNode | undefined, tokens: readonly number[], start: number, salt: string): string {
  const ids = tokens.slice(start, start + PAGE_SIZE).join()
  return parent || salt === '' ? ids : `${salt}:${ids}`
}
