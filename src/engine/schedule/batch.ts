import type { Draw, DraftStep, RowResult, RowWish, Step, StepResult } from '../../backends/backend.js'
import { draftVocabulary } from './draft-vocabulary.js'
import { rowsOf, type Share } from './request.js'
import type { Sequence } from './sequence.js'

/** A draft takes the likeliest token. */
const LIKELIEST: Draw = { temperature: 0, topK: 0, topP: 1, minP: 0, u: 0 }

/** What one request gets of a step's result. */
interface Divided {
  readonly share: Share
  readonly rows: readonly RowResult[]
  readonly tiedFrom: number | undefined
  readonly unsharedFrom: number | undefined
}

/** The sequences of one step, and their places in it. */
export class Batch {
  /** Position of each one's first token. */
  private readonly starts: readonly number[]
  readonly tokens: number

  constructor(readonly shares: readonly Share[]) {
    this.starts = shares.map(({ request }) => request.sequence.length)
    this.tokens = shares.reduce((sum, share) => sum + share.tokens, 0)
  }

  get sequences(): Sequence[] {
    return this.shares.map(({ request }) => request.sequence)
  }

  /** The step that computes it. */
  step(): Step {
    const step = {
      tokens: new Int32Array(this.tokens),
      positions: new Int32Array(this.tokens),
      sequences: new Int32Array(this.tokens),
      textLengths: new Int32Array(this.tokens),
      pageTables: this.pageTables(),
    }
    const slots = this.sequences.flatMap(({ slot }) => slot ?? [])
    const logitRows: number[] = []
    const wants: RowWish[] = []
    let at = 0
    this.shares.forEach(({ request: { sequence, rowsFrom, want }, tokens }, s) => {
      for (let position = this.starts[s]!; position < this.starts[s]! + tokens; position++, at++) {
        step.tokens[at] = sequence.tokens[position]!
        step.positions[at] = position
        step.sequences[at] = s
        step.textLengths[at] = sequence.ties.endOf(position)
        if (position < rowsFrom) continue
        logitRows.push(at)
        wants.push(want)
      }
    })
    return {
      ...step,
      ...(slots.length > 0 && { slots: Int32Array.from(slots) }),
      logitRows: Int32Array.from(logitRows),
      wants,
    }
  }

  /** Each share with its part of the result; before any of its sequences advances. */
  divide({ rows, tiedFrom, unsharedFrom }: StepResult): Divided[] {
    let row = 0
    return this.shares.map((share, s) => {
      const first = row
      row += rowsOf(share.request, share.tokens)
      return { share, rows: rows.slice(first, row), tiedFrom: tiedFrom?.[s], unsharedFrom: unsharedFrom?.[s] }
    })
  }

  /**
   * After the step: the model's draft over the rows that stay and whose next token is known, so that its own cache is filled
   * as far as the others, for those who want drafts. `asking` are those for whom it says what comes next, a row each.
   * Undefined where there is nothing to do.
   */
  draft(vocabSize: number): { step: DraftStep; asking: Sequence[] } | undefined {
    const [hiddenRows, tokens, positions, sequences, textLengths, logitRows] = lists(6)
    const asking: Sequence[] = []
    let at = 0
    this.shares.forEach(({ request: { sequence }, tokens: count }, s) => {
      const start = this.starts[s]!
      for (const { position, token, isLast } of sequence.speculation.rows(start, sequence.tokens)) {
        if (isLast) {
          logitRows!.push(tokens!.length)
          asking.push(sequence)
        }
        hiddenRows!.push(at + position - start)
        tokens!.push(token)
        positions!.push(position)
        sequences!.push(s)
        textLengths!.push(sequence.ties.endOf(position))
      }
      at += count
    })
    if (tokens!.length === 0) return undefined
    const step = {
      hiddenRows: Int32Array.from(hiddenRows!),
      tokens: Int32Array.from(tokens!),
      positions: Int32Array.from(positions!),
      sequences: Int32Array.from(sequences!),
      textLengths: Int32Array.from(textLengths!),
      pageTables: this.pageTables(),
      logitRows: Int32Array.from(logitRows!),
      wants: logitRows!.map(() => LIKELIEST),
      vocab: draftVocabulary(asking, vocabSize),
    }
    return { step, asking }
  }

  private pageTables(): Int32Array[] {
    return this.sequences.map((sequence) => sequence.pageTable())
  }
}

function lists(count: number): number[][] {
  return Array.from({ length: count }, () => [])
}
