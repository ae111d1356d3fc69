/** Attention over residuals. */
import type { MixBlocksOp } from '../../../graph/ops.js'
import type { Lowering } from './lowering.js'

export function mixBlocks(op: MixBlocksOp, to: Lowering): void {
  const { blocks, out } = op
  to.push('mixBlocks', to.bufferOf(out.value), {
    reads: { blocks: blocks.map((block) => to.view(block)) },
    writes: { out: to.view(out) },
    weights: { norm: to.weight(op.norm.name), proj: to.weight(op.proj.name) },
    ints: { columns: out.width },
    floats: { eps: op.eps },
  })
}
