/** A mixture of experts with shared ones, DeepSeekMoE (arXiv 2401.06066): what its families share. */
import { z } from 'zod'
import { matrix, vector, type GraphBuilder } from '../../graph/builder.js'
import type { Activation, RouteOptions, Value, View } from '../../graph/ops.js'
import { expertCount, refuseKey, requireMultiple, size } from './config.js'
import { beginMlp, PROJECTIONS, type MlpNames } from './layers.js'

// ---- config

export const MIXTURE_CONFIG = {
  moe_intermediate_size: size.default(1),
  n_routed_experts: expertCount.nullish(),
  n_shared_experts: z.number().int().min(0).max(1024).nullish(),
  num_experts_per_tok: z.number().int().min(1).max(1024).default(1),
  n_group: z.number().int().min(1).nullish(),
  topk_group: z.number().int().min(1).nullish(),
  norm_topk_prob: z.boolean().default(false),
  routed_scaling_factor: z.number().default(1),
}
/** The same of a model whose experts {@link biasedSigmoid} chooses, and whose every config has them. */
export const BIASED_SIGMOID_CONFIG = {
  ...MIXTURE_CONFIG,
  n_routed_experts: expertCount,
  topk_method: z.literal('noaux_tc').default('noaux_tc'),
  scoring_func: z.literal('sigmoid').default('sigmoid'),
}
export type MixtureConfig = z.infer<z.ZodObject<typeof MIXTURE_CONFIG>>

/** @throws UserError when the groups do not fit the experts, or leave too few. */
export function checkMixture(c: MixtureConfig, where: string): void {
  const X = c.n_routed_experts
  if (!X) return
  const [groups, chosen] = [c.n_group ?? 1, c.topk_group ?? 1]
  requireMultiple(where, 'n_routed_experts', X, 'n_group', groups)
  if (chosen > groups) refuseKey(where, 'topk_group', `at most n_group (${groups})`, chosen)
  const kept = (X / groups) * chosen
  if (c.num_experts_per_tok > kept)
    refuseKey(where, 'num_experts_per_tok', `at most the ${kept} experts that the groups leave`, c.num_experts_per_tok)
}

// ---- graph

/** What {@link routedExperts} takes from a config. */
export type RoutedSizes = Pick<
  MixtureConfig,
  'n_routed_experts' | 'num_experts_per_tok' | 'moe_intermediate_size' | 'routed_scaling_factor'
>

/** How experts are chosen: RouteOp's rule without what the config says everywhere. */
export type RouteRule = Omit<RouteOptions, 'topK' | 'scale'>

/** The rule of routers that have neither bias nor groups. */
export function plainRule(scoring: RouteOptions['scoring'], normalize: boolean): RouteRule {
  return { scoring, nGroups: 1, topkGroups: 1, groupScore: 'max', normalize, epsilon: 0 }
}

/** The rule of DeepSeek-V3 and all that follow it: sigmoid, a bias that only chooses, groups by their two best. */
export function biasedSigmoid(c: MixtureConfig, name: string): RouteRule {
  return {
    bias: vector(`${name}.gate.e_score_correction_bias`, c.n_routed_experts!),
    scoring: 'sigmoid',
    nGroups: c.n_group ?? 1,
    topkGroups: c.topk_group ?? 1,
    groupScore: 'top2sum',
    normalize: c.norm_topk_prob,
  }
}

export interface MixtureOptions {
  /** Of the experts' matrices. */
  readonly names?: MlpNames
  readonly activation?: Activation
  /** Published as transformers 5 keeps them: experts.gate_up_proj [X, 2 * F, D], experts.down_proj [X, D, F]. */
  readonly stacked?: boolean
  /** What the experts get instead of what the router gets. */
  readonly input?: View
}

/** Routed experts, weighted, plus the shared ones. x [T, D] -> [T, D]. */
export function mixture(
  b: GraphBuilder,
  x: View,
  name: string,
  c: MixtureConfig,
  rule: RouteRule,
  options: MixtureOptions & { sharedNames?: MlpNames } = {},
): Value {
  if (!c.n_shared_experts) return routedExperts(b, x, name, c, rule, options)
  const { activation = 'silu', names = PROJECTIONS, sharedNames = names } = options
  const width = c.n_shared_experts * c.moe_intermediate_size
  const sharedExperts = beginMlp(b, x, `${name}.shared_experts`, width, { names: sharedNames, activation })
  const routing = chooseExperts(b, x, name, c, rule)
  // Before the matrices of those chosen, because here nothing waits for the choice.
  const shared = sharedExperts()
  return b.add(chosenExperts(b, options.input ?? x, routing, name, c, options), shared)
}

/** Routed experts, weighted. x [T, D] -> [T, D], or as wide as their input. */
export function routedExperts(
  b: GraphBuilder,
  x: View,
  name: string,
  c: RoutedSizes,
  rule: RouteRule,
  options: MixtureOptions = {},
): Value {
  const routing = chooseExperts(b, x, name, c, rule)
  return chosenExperts(b, options.input ?? x, routing, name, c, options)
}

/** The choice of experts: x [T, D] -> what RouteOp writes. */
export function chooseExperts(b: GraphBuilder, x: View, name: string, c: RoutedSizes, rule: RouteRule): Value {
  const scores = b.linear(x, matrix(`${name}.gate.weight`, c.n_routed_experts!, x.width, { quantizable: false })) // [T, X]
  return b.route(scores, { ...rule, topK: c.num_experts_per_tok, scale: c.routed_scaling_factor })
}

/** The experts that `routing` chose, weighted. x [T, D] -> [T, D]. */
export function chosenExperts(
  b: GraphBuilder,
  x: View,
  routing: Value,
  name: string,
  c: RoutedSizes,
  options: MixtureOptions = {},
): Value {
  const { names = PROJECTIONS, activation = 'silu', stacked = false } = options
  const X = c.n_routed_experts!
  const [F, D] = [c.moe_intermediate_size, x.width]
  const all = (own: string, n: number, k: number, stack: string, rows: number, firstRow = 0) =>
    Array.from({ length: X }, (_, e) => {
      const part = { tensor: `${name}.experts.${stack}`, shape: [X, rows, k], index: e, firstRow }
      return matrix(`${name}.experts.${e}.${own}.weight`, n, k, stacked ? { part } : {})
    })
  const weights = {
    gate: all(names.gate, F, D, 'gate_up_proj', 2 * F),
    up: all(names.up, F, D, 'gate_up_proj', 2 * F, F),
    down: all(names.down, D, F, 'down_proj', D),
  }
  return b.experts(x, routing, weights, c.num_experts_per_tok, activation)
}
