/** Mixtures of experts. Shape letters are in ../ops.ts. */
import { invariant } from '../../errors.js'
import { view, type Activation, type UsedWeight, type Value, type View, type Weight } from '../values.js'
import { rowsOf, used } from '../weights.js'
import { AttentionBuilder } from './attention.js'

/**
 * Chooses topK of X experts per token. logits [T, X], bias [X] (selection only), out [T, 2 * topK]: columns [0, topK)
 * hold expert ids (i32 bits), [topK, 2 topK) their weights (f32), in order of falling selection score.
 * scores = softmax(logits), sigmoid(logits) or sqrt(softplus(logits)); key = scores + bias; with nGroups > 1 only experts
 * of the topkGroups groups with the best groupScore stay (others -inf): max of the group, or the sum of its two best keys.
 * weight = score of the chosen, divided by (their sum + epsilon) if normalize, times scale. Ties: the lower id wins.
 * With a table [V, topK] the ids are those of the token's row instead, in that order (hash layers, arXiv 2106.04426).
 * chosenSoftmax and chosenSigmoid choose by the logits themselves, and then take softmax or sigmoid of the chosen.
 */
export interface RouteOp {
  readonly op: 'route'
  readonly logits: View
  readonly bias?: UsedWeight<'vector'>
  /** Expert ids below X; whoever builds the program has checked them. */
  readonly table?: UsedWeight<'vector'>
  readonly scoring: 'softmax' | 'sigmoid' | 'sqrtsoftplus' | 'chosenSoftmax' | 'chosenSigmoid'
  readonly nGroups: number
  readonly topkGroups: number
  readonly groupScore: 'max' | 'top2sum'
  readonly topK: number
  readonly normalize: boolean
  /** DeepSeek-V3 and its kin add 1e-20, others nothing. */
  readonly epsilon: number
  readonly scale: number
  readonly out: Value
}

/**
 * out = sum over the chosen experts e of weight_e * down_e(act(gate_e x) * up_e x), ids in order; x, out [T, D].
 * weighted: 'input' gives e the input weight_e * x instead and sums its outputs as they are (Llama 4).
 */
export interface ExpertsOp {
  readonly op: 'experts'
  readonly x: View
  readonly routing: Value
  readonly topK: number
  /** One [F, D] per expert. */
  readonly gate: readonly UsedWeight<'linear'>[]
  readonly up: readonly UsedWeight<'linear'>[]
  /** One [D, F] per expert. */
  readonly down: readonly UsedWeight<'linear'>[]
  /** One per expert, [F], [F] and [D]; added before the activation, and before the weight. */
  readonly gateBias?: readonly UsedWeight<'vector'>[]
  readonly upBias?: readonly UsedWeight<'vector'>[]
  readonly downBias?: readonly UsedWeight<'vector'>[]
  readonly weighted: 'output' | 'input'
  readonly activation: Activation
  /**
   * Only the experts from id `first` on, as many as there are matrices: a backend that divides a layer between memories has
   * several of these. `adds`: out continues from what the part before it summed.
   */
  readonly part?: { readonly first: number; readonly adds: boolean }
  readonly out: View
}

export type MixtureOp = RouteOp | ExpertsOp

/** How {@link RouteOp} chooses; epsilon 1e-20 unless said otherwise. */
export interface RouteOptions extends Omit<RouteOp, 'op' | 'logits' | 'bias' | 'table' | 'epsilon' | 'out'> {
  readonly bias?: Weight
  readonly table?: Weight
  readonly epsilon?: number
}

/** One weight per expert: matrices [F, D], [F, D], [D, F] and, where there are any, biases [F], [F], [D]. */
export interface ExpertWeights {
  readonly gate: readonly Weight[]
  readonly up: readonly Weight[]
  readonly down: readonly Weight[]
  readonly gateBias?: readonly Weight[]
  readonly upBias?: readonly Weight[]
  readonly downBias?: readonly Weight[]
}

export class ExpertsBuilder<Other> extends AttentionBuilder<Other | MixtureOp> {
  route(logits: Value | View, { bias, table, epsilon = 1e-20, ...rule }: RouteOptions): Value {
    const { topK, scoring, nGroups } = rule
    const byLogits = scoring === 'chosenSoftmax' || scoring === 'chosenSigmoid'
    invariant(topK <= logits.width, `route to ${topK} of ${logits.width} experts`)
    invariant(!byLogits || (!bias && nGroups === 1), `route by ${scoring} has neither bias nor groups`)
    invariant(!table || table.shape[1] === topK, `route by ${table?.name}`)
    const out = this.value(2 * topK)
    const read = { ...(bias && { bias: used(bias, 'vector') }), ...(table && { table: used(table, 'vector') }) }
    return this.push({ op: 'route', logits: view(logits), ...rule, ...read, epsilon, out }, out)
  }

  experts(
    x: Value | View,
    routing: Value,
    weights: ExpertWeights,
    topK: number,
    activation: Activation = 'silu',
    weighted: 'output' | 'input' = 'output',
  ): Value {
    invariant(routing.width === 2 * topK, `experts: routing of ${routing.width} columns for ${topK} slots`)
    checkExperts(weights, view(x).width)
    const out = this.value(view(x).width)
    const read = usedExperts(weights)
    return this.push({ op: 'experts', x: view(x), routing, topK, ...read, activation, weighted, out: view(out) }, out)
  }
}

function checkExperts(weights: ExpertWeights, D: number): void {
  const { gate, up, down } = weights
  const F = rowsOf(gate[0]!)
  const shapes = { gate: [F, D], up: [F, D], down: [D, F], gateBias: [F], upBias: [F], downBias: [D] }
  for (const [part, list] of Object.entries(weights) as [keyof ExpertWeights, readonly Weight[]][]) {
    invariant(list.length === gate.length, `experts: ${list.length} of ${part}, ${gate.length} of gate`)
    for (const w of list)
      invariant(
        String(w.shape) === String(shapes[part]),
        `experts ${part} ${w.name} [${w.shape}], not [${shapes[part]}]`,
      )
  }
  invariant(up.length > 0 && down.length > 0, 'experts without weights')
}

type UsedExperts = Pick<ExpertsOp, keyof ExpertWeights>

function usedExperts({ gate, up, down, gateBias, upBias, downBias }: ExpertWeights): UsedExperts {
  const matrices = (list: readonly Weight[]) => list.map((w) => used(w, 'linear'))
  const vectors = (list: readonly Weight[]) => list.map((w) => used(w, 'vector'))
  return {
    gate: matrices(gate),
    up: matrices(up),
    down: matrices(down),
    ...(gateBias && { gateBias: vectors(gateBias) }),
    ...(upBias && { upBias: vectors(upBias) }),
    ...(downBias && { downBias: vectors(downBias) }),
  }
}
