import { z } from 'zod'
import { UserError } from '../../errors.js'
import type { Activation } from '../../graph/ops.js'
import type { JsonObject } from '../../json.js'

const count = z.number().int().min(1).max(1e9)

/** A width, a rank, a number of heads: bounded, so that a damaged config cannot ask for the world. */
export const size = z.number().int().min(1).max(1e6)

/** Keys that every decoder-only family publishes. Sizes are bounded, so that a damaged config cannot ask for the world. */
export const COMMON = {
  vocab_size: count,
  hidden_size: z.number().int().min(1).max(1e6),
  intermediate_size: z.number().int().min(1).max(1e7),
  num_hidden_layers: z.number().int().min(1).max(4096),
  num_attention_heads: z.number().int().min(1).max(65536),
  rms_norm_eps: z.number().positive().max(1),
  max_position_embeddings: count,
  tie_word_embeddings: z.boolean().default(false),
  hidden_act: z.enum(['silu', 'gelu_pytorch_tanh']).default('silu'),
  rope_theta: z.number().positive().optional(),
  rope_scaling: z.record(z.string(), z.unknown()).nullish(),
  rope_parameters: z.record(z.string(), z.unknown()).nullish(),
}

/** The activation of COMMON's hidden_act. */
export function activationOf(c: { hidden_act: 'silu' | 'gelu_pytorch_tanh' }): Activation {
  return c.hidden_act === 'silu' ? 'silu' : 'gelu_tanh'
}

export const expertCount = z.number().int().min(1).max(65536)

/** @throws UserError when more experts are asked for than there are. */
export function checkExperts(where: string, perToken: number, of: number): void {
  if (perToken > of) refuseKey(where, 'num_experts_per_tok', `at most the number of experts (${of})`, perToken)
}

/**
 * Reads the keys of `schema` from a config. A function makes the schema: those of the other families need not be made.
 * @throws UserError that names each wrong key, what was expected and what was found.
 */
export function readConfig<S extends z.ZodType>(schema: () => S, config: JsonObject, where: string): z.infer<S> {
  // Code for a schema is generated in more time than one config takes.
  const result = schema().safeParse(config, { jitless: true })
  if (result.success) {
    // Models for embeddings alone, which read a text in both directions.
    if (config['is_causal'] === false) unsupported(where, 'is_causal: false')
    checkTotalExperts(config, where)
    return result.data
  }
  const problems = result.error.issues.map((issue) => {
    const key = issue.path.map(String).join('.')
    return `${key}: ${issue.message}, found ${JSON.stringify(config[String(issue.path[0])])?.slice(0, 60) ?? 'nothing'}`
  })
  throw new UserError(
    `${where}: the config does not describe a ${String(config['model_type'])} model: ${problems.join('; ')}`,
    'unsupported_model',
  )
}

/** Experts in all layers: each takes some kilobytes before a weight is read. The largest published model has 83,000 (Kimi K3). */
const MOST_EXPERTS = 2 ** 18

/** @throws UserError for a damaged config, whose experts alone would fill the memory and end the process. */
function checkTotalExperts(config: JsonObject, where: string): void {
  const { num_hidden_layers: layers } = config
  for (const key of ['n_routed_experts', 'num_experts', 'num_local_experts']) {
    const experts = config[key]
    if (typeof layers !== 'number' || typeof experts !== 'number' || layers * experts <= MOST_EXPERTS) continue
    refuseKey(where, key, `at most ${Math.floor(MOST_EXPERTS / layers)} for ${layers} layers`, experts)
  }
}

/** @throws UserError when `total` is no multiple of `part`. */
export function requireMultiple(where: string, key: string, total: number, ofKey: string, part: number): void {
  if (total % part !== 0) refuseKey(where, key, `a multiple of ${ofKey} (${part})`, total)
}

/** @throws UserError when a list has not one entry for each layer; some are published with entries for layers past the last. */
export function requirePerLayer(
  where: string,
  key: string,
  list: readonly unknown[],
  layers: number,
  more: 'exactly' | 'at least' = 'exactly',
): void {
  if (list.length === layers || (more === 'at least' && list.length > layers)) return
  refuseKey(where, key, `a list of ${more} ${layers} (num_hidden_layers)`, `one of ${list.length}`)
}

/** Refuses a config in which one key is missing or contradicts another. */
export function refuseKey(where: string, key: string, expected: string, found: string | number): never {
  throw new UserError(`${where}: the config: expected ${key} to be ${expected}, found ${found}`, 'unsupported_model')
}

/** Refuses a feature that this model file does not implement. */
export function unsupported(where: string, feature: string): never {
  throw new UserError(`${where}: ${feature} is not supported for this architecture`, 'unsupported_model')
}
