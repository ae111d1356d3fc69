import type { Op } from '../../graph/ops.js'
import * as attention from './attention.js'
import * as elementwise from './elementwise.js'
import * as experts from './experts.js'
import * as linear from './linear.js'
import * as recurrent from './recurrent.js'
import * as residuals from './residuals.js'
import * as sparse from './sparse.js'
import type { StepContext } from './step.js'
import * as streams from './streams.js'

type Run<Name extends Op['op']> = (op: Extract<Op, { op: Name }>, context: StepContext) => void

/** Every op as a function of its name; the type finds those that no family exports. */
export const RUN: { readonly [Name in Op['op']]: Run<Name> } = {
  ...attention,
  ...elementwise,
  ...experts,
  ...linear,
  ...recurrent,
  ...residuals,
  ...sparse,
  ...streams,
}

export function runOp<Name extends Op['op']>(op: Extract<Op, { op: Name }>, context: StepContext): void {
  const run: Run<Name> = RUN[op.op]
  run(op, context)
}
