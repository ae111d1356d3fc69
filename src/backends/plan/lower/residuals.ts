/** Attention over residuals. */
import type { MixBlocksOp } from '../../../graph/ops.js'
import type { Lowering } from './lowering.js'

export function mixBlocks(op: MixBlocksOp, bank: number, to: Lowering): void {
  const { blocks, out } = op
  const words = [to.dataOf(op.norm), to.dataOf(op.proj), { f32: op.eps }, out.width, ...to.view(out, bank)]
  const rows = blocks.flatMap((block) => to.view(block, bank))
  to.elementwise('mixBlocks', bank, out, [...words, blocks.length, ...rows], [...blocks], out)
}
