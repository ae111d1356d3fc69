/** The dense decoder that Llama, Qwen2 and Qwen3 share; each of their files says what differs. */
import { z } from 'zod'
import type { Checkpoint } from '../../checkpoint/checkpoint.js'
import { GraphBuilder } from '../../graph/builder.js'
import type { Program } from '../../graph/program.js'
import { COMMON, activationOf, readConfig, unsupported } from './config.js'
import { HEADS, gqaAttention, headsOf } from './gqa.js'
import { gatedMlp, logits, norm } from './layers.js'
import { frequencyDivisors, makeRope } from './rope.js'
import { embeddingAndHead } from './text-model.js'

// ---- config

const denseSchema = () =>
  z.object({
    ...COMMON,
    ...HEADS,
    attention_bias: z.boolean().default(false),
    mlp_bias: z.boolean().default(false),
    use_sliding_window: z.boolean().default(false),
  })

/** What distinguishes a family. */
export interface DenseFamily {
  /** Biases of q, k and v where the config has no attention_bias (Qwen2). */
  readonly qkvBias?: boolean
  readonly qkNorm?: boolean
}

/** Pre-norm blocks x += attention(norm x); x += mlp(norm x). */
export async function buildDense(checkpoint: Checkpoint, family: DenseFamily): Promise<Program> {
  const where = checkpoint.name
  const c = readConfig(denseSchema, checkpoint.config, where)
  if (c.use_sliding_window) unsupported(where, 'sliding-window attention (use_sliding_window: true)')
  const heads = headsOf(c, where)
  const { headDim } = heads

  // ---- weights
  const { embedding, head } = embeddingAndHead(checkpoint, c)
  const divisors = await frequencyDivisors(checkpoint, headDim)

  // ---- graph
  const b = new GraphBuilder()
  const rope = makeRope(c, headDim, divisors)
  const table = b.ropeTable(rope.invFreq, rope.attentionFactor)
  const eps = c.rms_norm_eps
  const qkvBias = family.qkvBias ?? c.attention_bias
  const shape = {
    ...heads,
    eps,
    table,
    qkvBias,
    outBias: !family.qkvBias && c.attention_bias,
    qkNorm: family.qkNorm ? ('heads' as const) : undefined,
  }
  const activation = activationOf(c)
  let x = b.embed(embedding) // [T, D]
  for (let i = 0; i < c.num_hidden_layers; i++) {
    b.layer(i)
    const layer = `model.layers.${i}`
    x = b.add(x, gqaAttention(b, norm(b, x, `${layer}.input_layernorm`, eps), `${layer}.self_attn`, shape))
    const h = norm(b, x, `${layer}.post_attention_layernorm`, eps)
    x = b.add(x, gatedMlp(b, h, `${layer}.mlp`, c.intermediate_size, { activation, bias: c.mlp_bias }))
  }
  return b.build(logits(b, x, 'model.norm', eps, head), c.max_position_embeddings)
}
