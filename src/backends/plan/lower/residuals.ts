/** Attention over residuals. */
import type { MixResidualsOp } from '../../../graph/ops.js'
import type { Lowering } from './lowering.js'

export function mixResiduals(op: MixResidualsOp, to: Lowering): void {
  const { blocks, out } = op
  to.push('mixResiduals', to.bufferOf(out.value), {
    reads: { blocks: blocks.map((block) => to.view(block)) },
    writes: { out: to.view(out) },
    weights: { norm: to.weight(op.norm.name), proj: to.weight(op.proj.name) },
    ints: { columns: out.width },
    floats: { eps: op.eps },
  })
}
