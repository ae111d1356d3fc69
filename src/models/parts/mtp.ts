/**
 * Multi-token prediction (DeepSeek-V3, arXiv 2412.19437, section 2.2): a layer past the last one drafts the token after the
 * next. For position t, with h_t the model's output after its final norm and token t + 1 known:
 * x = project([norm(embed(token t + 1)) ; norm(h_t)]), one decoder layer at position t, then the shared head over the layer's
 * own norm of x gives token t + 2. DeepSeek publishes copies of the embedding and the head with the layer; they are not read.
 */
import type { Checkpoint } from '../../checkpoint/checkpoint.js'
import { vector, view, type GraphBuilder } from '../../graph/builder.js'
import type { Value, View, Weight } from '../../graph/ops.js'
import type { Program } from '../../graph/program.js'
import { unsupported } from './config.js'
import { logits, norm, project } from './layers.js'

/** What the parts of the layer are called. */
export interface MtpNames {
  readonly embeddingNorm: string
  readonly hiddenNorm: string
  readonly projection: string
  /** Of the decoder layer. */
  readonly block: string
  readonly norm: string
}

/** Of DeepSeek and its kin, for the layer `index`, the first after the model's own. */
export function deepseekMtp(index: number): MtpNames {
  const block = `model.layers.${index}`
  const own = { projection: `${block}.eh_proj`, norm: `${block}.shared_head.norm` }
  return { ...own, block, embeddingNorm: `${block}.enorm`, hiddenNorm: `${block}.hnorm` }
}

/** Of Qwen. */
export const QWEN_MTP: MtpNames = {
  ...{ embeddingNorm: 'mtp.pre_fc_norm_embedding', hiddenNorm: 'mtp.pre_fc_norm_hidden', projection: 'mtp.fc' },
  ...{ block: 'mtp.layers.0', norm: 'mtp.norm' },
}

export interface MtpParts {
  readonly names: MtpNames
  readonly embedding: Weight
  readonly head: Weight
  readonly eps: number
  /** Added to the weights of its norms. */
  readonly normOffset?: 0 | 1
  /** The decoder layer: x [T, D] -> [T, D]. */
  readonly block: (x: Value, name: string) => Value
}

/** The program of a model whose layers end in x [T, D], of `layers` of them, with the draft after its own logits. */
export function buildWithMtp(
  b: GraphBuilder,
  x: Value,
  { finalNorm, layers, positions }: { readonly finalNorm: string; readonly layers: number; readonly positions: number },
  parts: MtpParts,
): Program {
  const hidden = norm(b, x, finalNorm, parts.eps, parts.normOffset)
  const next = b.linear(b.selectRows(hidden), parts.head)
  return b.build(next, positions, mtpDraft(b, hidden, layers, parts))
}

/** Appends the draft, as the layer `index`, after `hidden`, [T, D] after the final norm; returns its logits [R, V]. */
function mtpDraft(
  b: GraphBuilder,
  hidden: View,
  index: number,
  { names, embedding, head, eps, normOffset = 0, block }: MtpParts,
): Value {
  const D = hidden.width
  b.draft(hidden.value)
  b.layer(index)
  const joined = b.value(2 * D) // [T, 2 D]
  const normed = (x: View, name: string, from: number): void => {
    b.rmsNorm(x, vector(`${name}.weight`, D), eps, { weightOffset: normOffset, out: view(joined, from, D) })
  }
  normed(view(b.embed(embedding)), names.embeddingNorm, 0)
  normed(hidden, names.hiddenNorm, D)
  const x = block(project(b, joined, names.projection, D), names.block)
  return logits(b, x, names.norm, eps, head, normOffset)
}

/** @throws UserError where the config has no such layer, or the checkpoint came without it. */
export function checkMtp(
  checkpoint: Checkpoint,
  { projection }: MtpNames,
  [key, layers]: readonly [key: string, layers: number | null | undefined],
): void {
  if (!layers) unsupported(checkpoint.name, `speculate mtp without ${key}`)
  const name = `${projection}.weight`
  // A config alone has no tensors to miss.
  if ([...checkpoint.names()].length > 0 && !checkpoint.has(name))
    unsupported(checkpoint.name, `speculate mtp without the tensors of the layer (${name})`)
}
