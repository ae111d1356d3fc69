import { invariant } from '../errors.js'
import { ResidualBuilder } from './ops/residuals.js'
import type { Op } from './ops.js'
import type { Program } from './program.js'
import type { HeadView, Value, View } from './values.js'

export type { ExpertWeights } from './ops/experts.js'
export { view } from './values.js'
export { matrix, numbers, vector } from './weights.js'

/** Every op has a method of its name. */
type OpMethods = { readonly [Name in Op['op']]: (...operands: never[]) => Value | View | HeadView }

/**
 * Appends ops in order and checks their shapes. Every method that makes a new value returns it; methods whose last
 * argument is an `out` view write there instead. The methods are those of the families in graph/ops/, of which each
 * extends the one before; this class extends the last.
 */
export class GraphBuilder extends ResidualBuilder<never> implements OpMethods {
  /** Where the draft begins, and what it reads. */
  private drafting: { readonly first: number; readonly hidden: Value; readonly nLayers: number } | undefined

  /** The ops that follow belong to the draft, which reads `hidden` of the ordinary ops. */
  draft(hidden: Value): void {
    this.drafting = { first: this.ops.length, hidden, nLayers: this.layerIndex + 1 }
  }

  /** `draftLogits` are what the draft ends with, if there is one. */
  build(logits: Value, contextLength: number, draftLogits?: Value): Program {
    const { drafting } = this
    invariant((drafting === undefined) === (draftLogits === undefined), 'a draft begins and ends')
    const draft = drafting &&
      draftLogits && { ops: this.ops.slice(drafting.first), hidden: drafting.hidden, logits: draftLogits }
    return {
      ops: this.ops.slice(0, drafting?.first),
      values: this.values,
      states: this.states,
      recurrents: this.recurrents,
      ropeTables: this.ropeTables,
      logits,
      ...(draft && { draft }),
      vocabSize: logits.width,
      nLayers: drafting?.nLayers ?? this.layerIndex + 1,
      contextLength,
    }
  }
}
