/**
 * Kimi K3 (July 2026), its text model: Kimi Delta Attention with a bounded decay, latent attention without positions and
 * with an output gate, experts that work in a narrower latent, SiTU activations, and attention over residuals in place of
 * the plain residual. transformers has no class for it: it follows the published description, see tools/oracle/kimi_k3.py.
 */
import { z } from 'zod'
import type { Checkpoint } from '../checkpoint/checkpoint.js'
import { GraphBuilder, numbers, vector, view } from '../graph/builder.js'
import type { Value, View } from '../graph/ops.js'
import { MOST_RESIDUALS } from '../graph/ops/residuals.js'
import type { Program } from '../graph/program.js'
import type { ModelDefinition } from './definition.js'
import { KIMI_EXPERTS, kimiMixture } from './kimi-linear.js'
import { COMMON, readConfig, refuseKey } from './parts/config.js'
import { KDA_CONFIG, checkKda, kda } from './parts/kda.js'
import { W123, gatedMlp, logits, norm, project } from './parts/layers.js'
import { biasedSigmoid, checkMixture, routedExperts } from './parts/mixture.js'
import { MLA_CONFIG, checkMla, mla } from './parts/mla.js'
import { embeddingAndHead, textModel } from './parts/text-model.js'

export const kimiK3: ModelDefinition = {
  modelTypes: ['kimi_k3'],
  // The first block has nothing before it to attend to.
  spare: /layers\.0\.self_attention_res_(norm|proj)\./,
  build: (checkpoint) => Promise.resolve(build(checkpoint)),
}

// ---- config

const kimiK3Schema = () =>
  z.object({
    ...COMMON,
    ...MLA_CONFIG,
    ...KDA_CONFIG,
    ...KIMI_EXPERTS,
    hidden_act: z.literal('situ'),
    mla_use_nope: z.literal(true).default(true),
    routed_expert_hidden_size: z.number().int().min(1).max(1e6),
    latent_moe_use_norm: z.literal(true),
    attn_res_block_size: z.number().int().min(1),
  })
type Config = z.infer<ReturnType<typeof kimiK3Schema>>

const DELTA = 'linear_attn_config'

/** @throws UserError for what this file does not do. */
function check(c: Config, where: string): number {
  checkMla(c, where)
  checkKda(c, where)
  checkMixture(kimiMixture(c), where)
  const { gate_lower_bound: bound, use_full_rank_gate: full } = c.linear_attn_config
  if (typeof bound !== 'number' || bound >= 0) refuseKey(where, `${DELTA}.gate_lower_bound`, 'below 0', bound ?? 'none')
  if (full !== true) refuseKey(where, `${DELTA}.use_full_rank_gate`, 'true', String(full ?? 'none'))
  const blocks = Math.ceil(c.num_hidden_layers / c.attn_res_block_size)
  if (blocks >= MOST_RESIDUALS)
    refuseKey(
      where,
      'attn_res_block_size',
      `such that num_hidden_layers (${c.num_hidden_layers}) make fewer than ${MOST_RESIDUALS} blocks`,
      `${c.attn_res_block_size}, which makes ${blocks}`,
    )
  return bound
}

// ---- graph

function build(checkpoint: Checkpoint): Program {
  const where = checkpoint.name
  const place = textModel(checkpoint)
  const c = readConfig(kimiK3Schema, place.config, where)
  const bound = check(c, where)
  const eps = c.rms_norm_eps
  const scale = (c.qk_nope_head_dim + c.qk_rope_head_dim) ** -0.5
  // A_log has as many numbers as a head has columns; only those of the heads are used.
  const delta = { eps, bound, rateShape: [c.linear_attn_config.head_dim], fullRankGate: true }
  const b = new GraphBuilder()
  const { embedding, head } = embeddingAndHead(checkpoint, c, place)
  /** Residuals of the blocks before, and that of this one so far. */
  const blocks: Value[] = []
  let own: Value | undefined = b.embed(embedding) // [T, D]
  const mixed = (name: string): View => {
    const rows = own ? [...blocks, own] : blocks
    const [weight, proj] = [vector(`${name}_norm.weight`, c.hidden_size), `${name}_proj.weight`]
    return rows.length > 1 ? b.mixResiduals(rows, weight, numbers(proj, [1, c.hidden_size]), eps) : view(rows[0]!)
  }
  for (let i = 0; i < c.num_hidden_layers; i++) {
    b.layer(i)
    const layer = `${place.model}.layers.${i}`
    const x = norm(b, mixed(`${layer}.self_attention_res`), `${layer}.input_layernorm`, eps)
    if (own && i % c.attn_res_block_size === 0) {
      blocks.push(own)
      own = undefined
    }
    const name = `${layer}.self_attn`
    const full = c.linear_attn_config.full_attn_layers.includes(i + 1)
    const y: Value = full ? mla(b, x, name, c, { scale, outputGate: true }, checkpoint) : kda(b, x, name, c, delta)
    own = own ? b.add(own, y) : y
    const g = norm(b, mixed(`${layer}.mlp_res`), `${layer}.post_attention_layernorm`, eps)
    own = b.add(own, i < c.first_k_dense_replace ? dense(b, g, layer, c, checkpoint) : experts(b, g, layer, c))
  }
  const last = mixed(`${place.model}.output_attn_res`)
  return b.build(logits(b, last, `${place.model}.norm`, eps, head), c.max_position_embeddings)
}

function dense(b: GraphBuilder, x: View, layer: string, c: Config, checkpoint: Checkpoint): Value {
  const name = checkpoint.has(`${layer}.mlp.gate_proj.weight`) ? `${layer}.mlp` : `${layer}.block_sparse_moe`
  return gatedMlp(b, x, name, c.intermediate_size, { activation: 'situ' })
}

/** Experts see a latent of the token, and their weighted sum is normed before it goes back; the shared ones see the token. */
function experts(b: GraphBuilder, x: View, layer: string, c: Config): Value {
  const name = `${layer}.block_sparse_moe`
  const sizes = kimiMixture(c)
  const latent = view(project(b, x, `${name}.routed_expert_down_proj`, c.routed_expert_hidden_size))
  const options = { names: W123, activation: 'situ', input: latent } as const
  const sum = routedExperts(b, x, name, sizes, biasedSigmoid(sizes, name), options)
  const normed = norm(b, sum, `${name}.routed_expert_norm`, c.rms_norm_eps)
  const routed = project(b, normed, `${name}.routed_expert_up_proj`, x.width)
  if (!c.num_shared_experts) return routed
  const width = c.num_shared_experts * c.moe_intermediate_size
  return b.add(routed, gatedMlp(b, x, `${name}.shared_experts`, width, { activation: 'situ' }))
}
