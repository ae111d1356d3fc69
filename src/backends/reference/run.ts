import type { Op } from '../../graph/ops.js'
import { attention, mlaAttention } from './attention.js'
import { add, embed, gatedMul, layerNorm, rmsNorm, rope, scale, selectRows } from './elementwise.js'
import { experts, route } from './experts.js'
import { headLinear, linear } from './linear.js'
import { mixBlocks } from './residuals.js'
import { copyHeads, decay, deltaRule, gatedNorm, shortConv, sigmoidGate } from './recurrent.js'
import { compress, index, sparseAttention } from './sparse.js'
import type { StepContext } from './step.js'
import { collapseStreams, repeat, streamWeights, updateStreams } from './streams.js'

type Run<Name extends Op['op']> = (op: Extract<Op, { op: Name }>, context: StepContext) => void

/** Every op as a function. */
const RUN: { readonly [Name in Op['op']]: Run<Name> } = {
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

export function runOp<Name extends Op['op']>(op: Extract<Op, { op: Name }>, context: StepContext): void {
  const run: Run<Name> = RUN[op.op]
  run(op, context)
}
