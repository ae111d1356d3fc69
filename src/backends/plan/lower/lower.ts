import type { Op } from '../../../graph/ops.js'
import { attention, mlaAttention } from './attention.js'
import { add, embed, gatedMul, layerNorm, rmsNorm, rope, scale, selectRows } from './elementwise.js'
import { experts, route } from './experts.js'
import { headLinear, linear } from './linear.js'
import type { Lowering } from './lowering.js'
import { mixBlocks } from './residuals.js'
import { copyHeads, decay, deltaRule, gatedNorm, shortConv, sigmoidGate } from './recurrent.js'
import { compress, index, sparseAttention } from './sparse.js'
import { collapseStreams, repeat, streamWeights, updateStreams } from './streams.js'

type Lower<Name extends Op['op']> = (op: Extract<Op, { op: Name }>, bank: number, to: Lowering) => void

/** How each op becomes kernel records. */
const LOWER: { readonly [Name in Op['op']]: Lower<Name> } = {
  embed,
  rmsNorm,
  layerNorm,
  linear,
  headLinear,
  rope,
  attention,
  mlaAttention,
  route,
  experts,
  gatedMul,
  scale,
  add,
  selectRows,
  mixBlocks,
  ...{ shortConv, decay, deltaRule, gatedNorm, sigmoidGate, copyHeads },
  index,
  sparseAttention,
  compress,
  repeat,
  streamWeights,
  collapseStreams,
  updateStreams,
}

/** Appends the records of one op. */
export function lowerOp<Name extends Op['op']>(op: Extract<Op, { op: Name }>, bank: number, to: Lowering): void {
  const lower: Lower<Name> = LOWER[op.op]
  lower(op, bank, to)
}
