/**
 * Multi-token prediction (DeepSeek-V3, arXiv 2412.19437, section 2.2): a layer past the last one drafts the token after the
 * next. For position t, with h_t the model's output after its final norm and token t + 1 known:
 * x = eh_proj([enorm(embed(token t + 1)) ; hnorm(h_t)]), one decoder layer at position t, then the shared head over
 * shared_head.norm(x) gives token t + 2. Published inside of the layer are copies of the embedding and the head; they are not read.
 */
import type { Checkpoint } from '../../checkpoint/checkpoint.js'
import { vector, view, type GraphBuilder } from '../../graph/builder.js'
import type { Value, View, Weight } from '../../graph/ops.js'
import { unsupported } from './config.js'
import { logits, project } from './layers.js'

export interface MtpParts {
  readonly embedding: Weight
  readonly head: Weight
  readonly eps: number
  /** The decoder layer `name`: x [T, D] -> [T, D]. */
  readonly block: (x: Value, name: string) => Value
}

/** Appends the draft for the layer `index` after `hidden`, [T, D] after the final norm; returns its logits [R, V]. */
export function mtpDraft(
  b: GraphBuilder,
  hidden: View,
  index: number,
  { embedding, head, eps, block }: MtpParts,
): Value {
  const D = hidden.width
  const name = `model.layers.${index}`
  b.draft(hidden.value)
  b.layer(index)
  const joined = b.value(2 * D) // [T, 2 D]
  b.rmsNorm(b.embed(embedding), vector(`${name}.enorm.weight`, D), eps, { out: view(joined, 0, D) })
  b.rmsNorm(hidden, vector(`${name}.hnorm.weight`, D), eps, { out: view(joined, D, D) })
  const x = block(project(b, joined, `${name}.eh_proj`, D), name)
  return logits(b, x, `${name}.shared_head.norm`, eps, head)
}

/** @throws UserError where the config has no such layer, or the checkpoint came without it. */
export function checkMtp(checkpoint: Checkpoint, layers: number | null | undefined, index: number): void {
  if (!layers) unsupported(checkpoint.name, 'speculate mtp without num_nextn_predict_layers')
  const name = `model.layers.${index}.eh_proj.weight`
  // A config alone has no tensors to miss.
  if ([...checkpoint.names()].length > 0 && !checkpoint.has(name))
    unsupported(checkpoint.name, `speculate mtp without the tensors of the layer (${name})`)
}
