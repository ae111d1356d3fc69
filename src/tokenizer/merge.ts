/** Byte-pair merging in O(n log n): a linked list of symbols and a heap of candidate pairs. */
import { IDS } from './pair-table.js'

/** A symbol of the text, in a doubly linked list. */
interface Symbol {
  text: string
  previous: number
  next: number
}

/** Merges the adjacent pair whose joint has the highest score, the leftmost of equals, until none has one. */
export function mergeByScore(parts: readonly string[], scoreOf: (joint: string) => number | undefined): string[] {
  const symbols: Symbol[] = parts.map((text, i) => ({
    text,
    previous: i - 1,
    next: i + 1 < parts.length ? i + 1 : -1,
  }))
  const heap = new MergeHeap()
  const consider = (left: number): void => {
    const symbol = symbols[left]
    if (!symbol || symbol.next < 0) return
    const joint = symbol.text + symbols[symbol.next]!.text
    const score = scoreOf(joint)
    if (score !== undefined) heap.push({ score, left, joint: joint.length, right: symbol.next })
  }
  for (let i = 0; i < symbols.length; i++) consider(i)
  for (let merge = heap.pop(); merge; merge = heap.pop()) {
    const left = symbols[merge.left]!
    const right = symbols[merge.right]
    // Outdated when one of the two has merged with another since.
    if (left.text === '' || left.next !== merge.right || !right || left.text.length + right.text.length !== merge.joint)
      continue
    left.text += right.text
    left.next = right.next
    right.text = ''
    if (right.next >= 0) symbols[right.next]!.previous = merge.left
    if (left.previous >= 0) consider(left.previous)
    consider(merge.left)
  }
  return symbols.map(({ text }) => text).filter((text) => text !== '')
}

/**
 * Merges adjacent pairs of ids, the one of the lowest rank first, the leftmost of equals, until none has a rank. `rankOf`
 * gives rank * 2^24 + what the pair becomes.
 */
export function mergePairs(
  symbols: readonly number[],
  rankOf: (left: number, right: number) => number | undefined,
): number[] {
  const ids = [...symbols]
  const next = ids.map((_, i) => (i + 1 < ids.length ? i + 1 : -1))
  const previous = ids.map((_, i) => i - 1)
  const heap = new MergeHeap()
  const consider = (left: number): void => {
    const right = left < 0 ? -1 : next[left]!
    const found = right < 0 ? undefined : rankOf(ids[left]!, ids[right]!)
    if (found !== undefined) heap.push({ score: -Math.floor(found / IDS), left, joint: found % IDS, right })
  }
  for (let i = 0; i < ids.length; i++) consider(i)
  for (let merge = heap.pop(); merge; merge = heap.pop()) {
    const { left, right, joint } = merge
    // Outdated when one of the two has merged with another since.
    if (ids[left] === GONE || next[left] !== right || rankOf(ids[left]!, ids[right]!) !== -merge.score * IDS + joint)
      continue
    ids[left] = joint
    ids[right] = GONE
    next[left] = next[right]!
    if (next[right]! >= 0) previous[next[right]!] = left
    consider(previous[left]!)
    consider(left)
  }
  return ids.filter((id) => id !== GONE)
}

const GONE = -1

interface Merge {
  readonly score: number
  readonly left: number
  readonly right: number
  /** What tells that it is outdated: the length of both, or what they become. */
  readonly joint: number
}

/** Highest score first; of equals the leftmost. */
class MergeHeap {
  private readonly items: Merge[] = []

  push(merge: Merge): void {
    const { items } = this
    items.push(merge)
    for (let i = items.length - 1; i > 0;) {
      const parent = (i - 1) >> 1
      if (!before(items[i]!, items[parent]!)) break
      ;[items[i], items[parent]] = [items[parent]!, items[i]!]
      i = parent
    }
  }

  pop(): Merge | undefined {
    const { items } = this
    const top = items[0]
    const last = items.pop()
    if (items.length === 0 || !last) return top
    items[0] = last
    for (let i = 0; ;) {
      let best = i
      for (const child of [2 * i + 1, 2 * i + 2])
        if (child < items.length && before(items[child]!, items[best]!)) best = child
      if (best === i) return top
      ;[items[i], items[best]] = [items[best]!, items[i]!]
      i = best
    }
  }
}

function before(a: Merge, b: Merge): boolean {
  return a.score > b.score || (a.score === b.score && a.left < b.left)
}
