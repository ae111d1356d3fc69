/** The dense decoder that Llama, Qwen2 and Qwen3 share; each of their files says what differs. */
import { z } from 'zod'
import type { Checkpoint } from '../checkpoint/checkpoint.js'
import { decodeRows } from '../checkpoint/decode.js'
import { GraphBuilder } from '../graph/builder.js'
import type { Program } from '../graph/program.js'
import { embeddingAndHead, gatedMlp, gqaAttention, logits, norm } from './blocks.js'
import { COMMON, readConfig, requireMultiple, unsupported } from './config.js'
import { makeRope } from './rope.js'

// ---- config

const DenseConfig = z.object({
  ...COMMON,
  num_key_value_heads: z.number().int().min(1).nullish(),
  head_dim: z.number().int().min(2).max(65536).nullish(),
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
  const c = readConfig(DenseConfig, checkpoint.config, where)
  if (c.use_sliding_window) unsupported(where, 'sliding-window attention (use_sliding_window: true)')
  const nHeads = c.num_attention_heads
  const nKvHeads = c.num_key_value_heads ?? nHeads
  if (!c.head_dim) requireMultiple(where, 'hidden_size', c.hidden_size, 'num_attention_heads', nHeads)
  const headDim = c.head_dim ?? c.hidden_size / nHeads
  requireMultiple(where, 'num_attention_heads', nHeads, 'num_key_value_heads', nKvHeads)
  requireMultiple(where, 'head_dim', headDim, 'a pair', 2)

  // ---- weights
  const { embedding, head } = embeddingAndHead(checkpoint, c.tie_word_embeddings, c.vocab_size, c.hidden_size)
  // GGUF keeps llama3 scaling as one divisor per frequency.
  const divisors = checkpoint.has('rope_freqs.weight')
    ? await decodeRows(checkpoint.tensor('rope_freqs.weight', [headDim / 2]), 0, 1)
    : undefined

  // ---- graph
  const b = new GraphBuilder()
  const rope = makeRope(c, headDim, divisors)
  const table = b.ropeTable(rope.invFreq, rope.attentionFactor)
  const eps = c.rms_norm_eps
  const qkvBias = family.qkvBias ?? c.attention_bias
  const shape = {
    nHeads,
    nKvHeads,
    headDim,
    eps,
    table,
    qkvBias,
    outBias: !family.qkvBias && c.attention_bias,
    qkNorm: family.qkNorm ?? false,
  }
  const activation = c.hidden_act === 'silu' ? 'silu' : 'gelu_tanh'
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
