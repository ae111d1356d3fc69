import { statesOf, weightsOf, type Op, type Value, type View } from './ops.js'
import type { PlacedOp, Program } from './program.js'

/** What an op reads or writes: [T, width], or [R, width], the rows whose logits are wanted. */
export interface OutlineValue {
  readonly name: string
  readonly rows: 'T' | 'R'
  readonly width: number
}

/** A weight of an op; of a list, one for each expert, the first with the number of them. */
export interface OutlineWeight {
  readonly field: string
  readonly name: string
  readonly shape: readonly number[]
  readonly count: number
}

/** What a sequence keeps for an op: rows of keys and values in the cache, or floats whatever its length. */
export type OutlineState =
  | {
      readonly kind: 'cache'
      readonly heads: number
      readonly keyDim: number
      readonly valueDim: number
      readonly every: number
    }
  | { readonly kind: 'recurrent'; readonly floats: number }

/** An op of a program, for people and for JSON. */
export interface OpOutline {
  /** embedding and head are the ops before and after all layers; draft those of multi-token prediction. */
  readonly part: 'embedding' | 'layer' | 'head' | 'draft'
  readonly layer: number
  readonly op: string
  readonly inputs: readonly OutlineValue[]
  readonly outputs: readonly OutlineValue[]
  readonly weights: readonly OutlineWeight[]
  readonly states: readonly OutlineState[]
  /** The op's numbers and words: nHeads, eps, activation. */
  readonly settings: Readonly<Record<string, unknown>>
}

/** The ops of a program in the order in which they run, with the shapes of all that they read and write. */
export function outlineProgram({ ops, draft }: Program): OpOutline[] {
  const head = ops.findIndex(({ op }) => op.op === 'selectRows')
  const partOf = ({ op }: PlacedOp, at: number): OpOutline['part'] =>
    op.op === 'embed' ? 'embedding' : head >= 0 && at >= head ? 'head' : 'layer'
  return [
    ...ops.map((placed, at) => outlineOp(placed, partOf(placed, at))),
    ...(draft?.ops ?? []).map((placed) => outlineOp(placed, 'draft')),
  ]
}

function outlineOp({ op, layer }: PlacedOp, part: OpOutline['part']): OpOutline {
  const inputs: OutlineValue[] = op.op === 'embed' ? [{ name: 'tokens', rows: 'T', width: 1 }] : []
  const outputs: OutlineValue[] = []
  const weights: OutlineWeight[] = []
  const settings: Record<string, unknown> = {}
  const known = new Set<unknown>([...weightsOf(op), ...statesOf(op)])
  for (const [name, field] of Object.entries(op) as [string, unknown][]) {
    const items: readonly unknown[] = Array.isArray(field) ? field : [field]
    const first = items[0]
    if (known.has(first)) {
      const weight = weightsOf(op).find((own) => own === first)
      if (weight) weights.push({ field: name, name: weight.name, shape: weight.shape, count: items.length })
    } else if (isRead(first)) {
      for (const item of items) (name.startsWith('out') ? outputs : inputs).push(outlineValue(op, name, item as Read))
    } else if (isSetting(name, first)) settings[name] = field
  }
  return { part, layer, op: op.op, inputs, outputs, weights, states: outlineStates(op), settings }
}

type Read = Value | View | { readonly value: Value; readonly stride: number }

function outlineValue(op: Op, name: string, read: Read): OutlineValue {
  if (!('value' in read)) return { name, rows: read.rows, width: read.width }
  return { name, rows: read.value.rows, width: 'width' in read ? read.width : headsWidth(op, name) }
}

/** Columns of all heads of a view that has them apart. */
function headsWidth(op: Op, name: string): number {
  if (op.op === 'rope') return op.nHeads * op.dim
  if (op.op === 'copyHeads') return op.nHeads * op.width
  if (op.op !== 'headLinear') return 0
  const byRows = (name === 'x') === op.transposed
  return op.nHeads * (byRows ? op.rows : (op.weight.shape[1] ?? 0))
}

function outlineStates(op: Op): OutlineState[] {
  const caches = statesOf(op).map(({ heads, keyDim, valueDim, every }): OutlineState => {
    return { kind: 'cache', heads, keyDim, valueDim, every }
  })
  return 'recurrent' in op ? [...caches, { kind: 'recurrent', floats: op.recurrent.floats }] : caches
}

function isRead(field: unknown): field is Read {
  return typeof field === 'object' && field !== null && ('value' in field || ('width' in field && 'rows' in field))
}

/** Numbers, words and small records of them; not tables of angles, states, or what is the op's name. */
function isSetting(name: string, field: unknown): boolean {
  if (name === 'op' || field === undefined) return false
  return typeof field !== 'object' || (field !== null && !('id' in field))
}
