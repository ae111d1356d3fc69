import type { Op } from '../../../graph/ops.js'
import * as attention from './attention.js'
import * as elementwise from './elementwise.js'
import * as experts from './experts.js'
import * as linear from './linear.js'
import type { Lowering } from './lowering.js'
import * as recurrent from './recurrent.js'
import * as residuals from './residuals.js'
import * as sparse from './sparse.js'
import * as streams from './streams.js'

type Lower<Name extends Op['op']> = (op: Extract<Op, { op: Name }>, to: Lowering) => void

/** How each op becomes calls of kernels, by its name; the type finds those that no family exports. */
const LOWER: { readonly [Name in Op['op']]: Lower<Name> } = {
  ...attention,
  ...elementwise,
  ...experts,
  ...linear,
  ...recurrent,
  ...residuals,
  ...sparse,
  ...streams,
}

/** Appends the calls of one op, which run in memory `bank`. */
export function lowerOp<Name extends Op['op']>(op: Extract<Op, { op: Name }>, bank: number, to: Lowering): void {
  const lower: Lower<Name> = LOWER[op.op]
  to.bank = bank
  lower(op, to)
}
