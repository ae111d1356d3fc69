import type { ExpertsOp, Weight } from '../../graph/ops.js'
import type { PlacedOp } from '../../graph/program.js'

/** A layer as groups of ops that may lie in different banks; the order in which they run is that of the program. */
export interface DividedLayer {
  readonly ops: readonly PlacedOp[]
  /** What lies in one bank: first all but the experts, then the experts' parts. */
  readonly groups: readonly (readonly PlacedOp[])[]
}

/** Experts of a layer that does not fit in one bank, as the fewest parts of about equal size that each fit in `capacity` bytes. */
export function divideExperts(
  layer: readonly PlacedOp[],
  bytesOf: (weights: readonly Weight[]) => number,
  capacity: number,
): DividedLayer {
  const ops: PlacedOp[] = []
  const rest: PlacedOp[] = []
  const parts: PlacedOp[] = []
  for (const placed of layer) {
    const { op } = placed
    const own = op.op === 'experts' ? partsOf(op, bytesOf, capacity).map((part) => ({ ...placed, op: part })) : []
    if (own.length === 0) rest.push(placed)
    parts.push(...own)
    ops.push(...(own.length > 0 ? own : [placed]))
  }
  return { ops, groups: [rest, ...parts.map((part) => [part])] }
}

function partsOf(op: ExpertsOp, bytesOf: (weights: readonly Weight[]) => number, capacity: number): ExpertsOp[] {
  const bytes = op.gate.map((_, e) => bytesOf(expertWeights(op, e)))
  const total = bytes.reduce((sum, n) => sum + n, 0)
  for (let count = Math.ceil(total / capacity); count < bytes.length; count++) {
    const ends = evenly(bytes, total / count)
    const starts = [0, ...ends.slice(0, -1)]
    const fits = ends.every((end, i) => bytes.slice(starts[i], end).reduce((sum, n) => sum + n, 0) <= capacity)
    if (fits) return ends.map((end, i) => slice(op, starts[i]!, end))
  }
  return bytes.map((_, e) => slice(op, e, e + 1))
}

/** Ends of runs of about `size` bytes; none is empty. */
function evenly(bytes: readonly number[], size: number): number[] {
  const ends: number[] = []
  let sum = 0
  bytes.forEach((n, e) => {
    // An expert belongs where its middle lies.
    if (e > 0 && Math.floor((sum + n / 2) / size) > Math.floor((sum - bytes[e - 1]! / 2) / size)) ends.push(e)
    sum += n
  })
  return [...ends, bytes.length]
}

function slice(op: ExpertsOp, first: number, end: number): ExpertsOp {
  const { gateBias, upBias, downBias } = op
  return {
    ...op,
    gate: op.gate.slice(first, end),
    up: op.up.slice(first, end),
    down: op.down.slice(first, end),
    ...(gateBias && { gateBias: gateBias.slice(first, end) }),
    ...(upBias && { upBias: upBias.slice(first, end) }),
    ...(downBias && { downBias: downBias.slice(first, end) }),
    part: { first, adds: first > 0 },
  }
}

function expertWeights(op: ExpertsOp, e: number): Weight[] {
  const lists: (readonly Weight[] | undefined)[] = [op.gate, op.up, op.down, op.gateBias, op.upBias, op.downBias]
  return lists.flatMap((list) => list?.slice(e, e + 1) ?? [])
}
