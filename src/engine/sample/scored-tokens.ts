import { UserError } from '../../errors.js'
import { BLOCK, scanRow, type RowScan, type RowWeights } from './row-scan.js'
import { countOf } from './token-set.js'

/** Of tokens that may not come, weights mean nothing; sums and their total leave them out. */
export interface Weights extends RowWeights {
  readonly total: number
}

/**
 * The tokens that may come next. Questions about them begin with blocks of 32 tokens (row-scan.ts), few of which matter: a
 * vocabulary has up to 262,144. Good until the next row of scores is looked at.
 */
export class ScoredTokens {
  private readonly scan: RowScan
  /** Largest score of the tokens of each block that may come. */
  private readonly maxima: Float32Array

  /**
   * @param scores [V]
   * @param allowed the ids that may come, as a set of bits [V / 32]; all where it is left out
   */
  constructor(
    readonly scores: Float32Array,
    private readonly allowed?: Int32Array,
  ) {
    this.scan = scanRow(scores)
    this.maxima = allowed ? this.scan.maxima.map((max, block) => this.largestIn(block, max)) : this.scan.maxima
  }

  /** How many there are. */
  get size(): number {
    const { allowed, scores } = this
    if (!allowed) return scores.length
    return countOf(allowed.subarray(0, this.maxima.length).map((_, block) => this.wordOf(block)))
  }

  /**
   * The id with the largest score, the lowest of equals.
   * @throws UserError invalid_file when the scores are not numbers, which means damaged weights; invalid_grammar when nothing is
   * allowed
   */
  best(): number {
    const { maxima, scores } = this
    let max = -Infinity
    let found = -1
    for (let block = 0; block < maxima.length; block++) {
      const own = maxima[block]!
      if (own > max) {
        max = own
        found = block
      } else if (own !== own) throw damaged(`NaN for token ${this.firstIn(block, (id) => Number.isNaN(scores[id]))}`)
    }
    if (found < 0 && this.allowed) throw nothingAllowed()
    if (!Number.isFinite(max)) throw damaged(`${max} as the largest value`)
    return this.firstIn(found, (id) => scores[id] === max)
  }

  /** The ids of the k largest scores, falling; k is at most {@link size}. */
  largest(k: number): Int32Array {
    const { maxima } = this
    // Each of the k blocks with the largest maxima has a token that is as large as the last of them.
    const least = k < maxima.length ? maxima[topIds(maxima, k)[k - 1]!]! : -Infinity
    return topIds(this.scores, k, this.from(least))
  }

  /** The ids whose scores are at least this, rising. */
  from(least: number): Int32Array {
    const { maxima, scores } = this
    let most = 0
    for (const max of maxima) if (max >= least) most += BLOCK
    const ids = new Int32Array(most)
    let count = 0
    for (let block = 0; block < maxima.length; block++) {
      if (!(maxima[block]! >= least)) continue
      for (let bits = this.wordOf(block), id = block * BLOCK; bits !== 0; bits >>>= 1, id++)
        if ((bits & 1) !== 0 && scores[id]! >= least) ids[count++] = id
    }
    return ids.subarray(0, count)
  }

  /** The ids of a block, rising. */
  idsIn(block: number): Int32Array {
    const ids = Int32Array.from({ length: BLOCK }, (_, i) => block * BLOCK + i)
    const word = this.wordOf(block)
    return ids.filter((_, i) => ((word >>> i) & 1) !== 0)
  }

  /** @param largest the score of {@link best} */
  weigh(largest: number, temperature: number): Weights {
    const { weights, sums } = this.scan.weigh(largest, temperature)
    const own = this.allowed ? sums.map((sum, block) => this.sumOf(block, sum, weights)) : sums
    let total = 0
    for (const sum of own) total += sum
    return { weights, sums: own, total }
  }

  /** log of the sum of exp(score). */
  logSumExp(): number {
    let max = -Infinity
    for (const own of this.maxima) if (own > max) max = own
    return max + Math.log(this.weigh(max, 1).total)
  }

  /** The tokens of a block that may come, as bits. */
  private wordOf(block: number): number {
    const word = this.allowed ? (this.allowed[block] ?? 0) : -1
    const room = this.scores.length - block * BLOCK
    return room < BLOCK ? word & ((1 << room) - 1) : word
  }

  /** NaN where one is NaN. @param max of the whole block */
  private largestIn(block: number, max: number): number {
    const word = this.wordOf(block)
    if (word === -1) return max
    let largest = -Infinity
    for (let bits = word, id = block * BLOCK; bits !== 0; bits >>>= 1, id++)
      if ((bits & 1) !== 0) largest = Math.max(largest, this.scores[id]!)
    return largest
  }

  /** @param sum of the whole block */
  private sumOf(block: number, sum: number, weights: RowWeights['weights']): number {
    const word = this.wordOf(block)
    if (word === -1) return sum
    let own = 0
    for (let bits = word, id = block * BLOCK; bits !== 0; bits >>>= 1, id++) if ((bits & 1) !== 0) own += weights[id]!
    return own
  }

  private firstIn(block: number, is: (id: number) => boolean): number {
    for (let bits = this.wordOf(block), id = block * BLOCK; bits !== 0; bits >>>= 1, id++)
      if ((bits & 1) !== 0 && is(id)) return id
    return -1
  }
}

/** Nothing may come next. */
export function nothingAllowed(): UserError {
  const why = 'no token of the model can write what would have to come next'
  return new UserError(`the answer cannot continue: ${why}; write the grammar for other characters`, 'invalid_grammar')
}

function damaged(found: string): UserError {
  const hint = 'the weights or their scales are probably damaged: compare the files with the published checksums'
  return new UserError(`expected finite logits, found ${found}; ${hint}`, 'invalid_file')
}

/** Ids of the k largest scores, of `ids` if they are given, falling; a heap of k whose root is the worst, so V stays unsorted. */
export function topIds(scores: Float32Array, k: number, ids?: Int32Array): Int32Array {
  const heap = new Int32Array(k)
  const worse = (a: number, b: number): boolean => scores[a]! < scores[b]! || (scores[a] === scores[b] && a > b)
  const sink = (id: number): void => {
    let hole = 0
    for (let child = 1; child < k; child = 2 * hole + 1) {
      if (child + 1 < k && worse(heap[child + 1]!, heap[child]!)) child++
      if (!worse(heap[child]!, id)) break
      heap[hole] = heap[child]!
      hole = child
    }
    heap[hole] = id
  }
  for (let i = 0; i < k; i++) heap[i] = ids ? ids[i]! : i
  heap.sort((a, b) => scores[a]! - scores[b]! || b - a)
  const count = ids?.length ?? scores.length
  for (let i = k; i < count; i++) {
    const id = ids ? ids[i]! : i
    if (scores[id]! > scores[heap[0]!]!) sink(id)
  }
  return heap.sort((a, b) => scores[b]! - scores[a]! || a - b)
}
