import type { TensorPart } from '../checkpoint/checkpoint.js'
import { checkPart } from '../checkpoint/parts.js'
import { invariant } from '../errors.js'
import { MOST_BLOCKS } from './residual-ops.js'
import { CONV_TAPS, deltaHeadFloats, type DecayOp, type DeltaRuleOp } from './recurrent-ops.js'
import type {
  Activation,
  AttentionSpan,
  CacheState,
  ExpertsOp,
  HeadLinearOp,
  HeadView,
  Op,
  RecurrentState,
  RopeOp,
  RopeTable,
  RouteOp,
  ScaleOp,
  Value,
  View,
  Weight,
} from './ops.js'
import type { PlacedOp, Program } from './program.js'

/** All columns of a value, or some of them. */
export function view(value: Value | View, offset = 0, width = value.width - offset): View {
  const base = 'value' in value ? value : { value, offset: 0, width: value.width }
  invariant(offset >= 0 && offset + width <= base.width, `view [${offset}, +${width}) of ${base.width} columns`)
  return { value: base.value, offset: base.offset + offset, width }
}

/** A matrix of the checkpoint, [N, K]. `quantizable: false` keeps it as published in fast mode (routers). */
export function matrix(
  name: string,
  n: number,
  k: number,
  { quantizable = true, part }: { quantizable?: boolean; part?: TensorPart } = {},
): Weight {
  return weight(name, [n, k], quantizable, part)
}

/** A vector of the checkpoint, [N]: norm weights, biases. */
export function vector(name: string, n: number, { part }: { part?: TensorPart } = {}): Weight {
  return weight(name, [n], false, part)
}

/** A small tensor of the checkpoint in its published shape, for ops that read its numbers in order. */
export function numbers(name: string, shape: readonly number[]): Weight {
  return weight(name, shape, false, undefined)
}

function weight(name: string, shape: readonly number[], quantizable: boolean, part: TensorPart | undefined): Weight {
  if (part) checkPart(name, shape, part)
  return { name, shape, quantizable, ...(part && { part }) }
}

/**
 * Appends ops in order and checks their shapes. Every method that makes a new value returns it; methods whose last
 * argument is an `out` view write there instead.
 */
export class GraphBuilder {
  private readonly ops: PlacedOp[] = []
  private readonly values: Value[] = []
  private readonly states: CacheState[] = []
  private readonly recurrents: RecurrentState[] = []
  private readonly ropeTables: RopeTable[] = []
  private layerIndex = 0
  /** Where the draft begins, and what it reads. */
  private drafting: { readonly first: number; readonly hidden: Value; readonly nLayers: number } | undefined

  /** The ops that follow belong to layer `index`. */
  layer(index: number): void {
    this.layerIndex = index
  }

  /** The ops that follow belong to the draft, which reads `hidden` of the ordinary ops. */
  draft(hidden: Value): void {
    this.drafting = { first: this.ops.length, hidden, nLayers: this.layerIndex + 1 }
  }

  value(width: number, rows: 'T' | 'R' = 'T'): Value {
    const value = { id: this.values.length, width, rows }
    this.values.push(value)
    return value
  }

  /** `every` is 1, or a power of two: see {@link CacheState}. */
  cache(heads: number, keyDim: number, valueDim: number, every = 1): CacheState {
    invariant(Number.isInteger(Math.log2(every)), `a row every ${every} positions`)
    const state = { id: this.states.length, layer: this.layerIndex, heads, keyDim, valueDim, every }
    this.states.push(state)
    return state
  }

  recurrent(floats: number): RecurrentState {
    const state = { id: this.recurrents.length, layer: this.layerIndex, floats }
    this.recurrents.push(state)
    return state
  }

  ropeTable(invFreq: Float32Array, attentionFactor = 1, shift = 0): RopeTable {
    const table = { id: this.ropeTables.length, invFreq, attentionFactor, shift }
    this.ropeTables.push(table)
    return table
  }

  embed(weight: Weight): Value {
    const out = this.value(columns(weight))
    return this.push({ op: 'embed', weight, out }, out)
  }

  /** Normalises each of `heads` slices; writes to `out`, by default a new value. */
  rmsNorm(
    x: Value | View,
    weight: Weight | undefined,
    eps: number,
    options: { heads?: number; weightOffset?: 0 | 1; out?: View } = {},
  ): View {
    const heads = options.heads ?? 1
    const xv = view(x)
    invariant(xv.width % heads === 0, `rmsNorm of ${xv.width} columns in ${heads} heads`)
    invariant(
      !weight || weight.shape[0] === xv.width / heads,
      `rmsNorm weight ${weight?.name} against ${xv.width / heads}`,
    )
    const out = options.out ?? view(this.value(xv.width, xv.value.rows))
    const { weightOffset = 0 } = options
    return this.push({ op: 'rmsNorm', x: xv, ...(weight && { weight }), weightOffset, eps, heads, out }, out)
  }

  layerNorm(x: Value | View, weight: Weight, bias: Weight, eps: number): View {
    const xv = view(x)
    invariant(weight.shape[0] === xv.width && bias.shape[0] === xv.width, `layerNorm ${weight.name} on ${xv.width}`)
    const out = view(this.value(xv.width, xv.value.rows))
    return this.push({ op: 'layerNorm', x: xv, weight, bias, eps, out }, out)
  }

  linear(x: Value | View, weight: Weight, bias?: Weight): Value {
    const out = this.value(rowsOf(weight), view(x).value.rows)
    this.linearInto(x, weight, view(out), bias)
    return out
  }

  linearInto(x: Value | View, weight: Weight, out: View, bias?: Weight): View {
    const xv = view(x)
    invariant(columns(weight) === xv.width, `linear ${weight.name} [${weight.shape}] on ${xv.width} columns`)
    invariant(rowsOf(weight) === out.width, `linear ${weight.name} [${weight.shape}] into ${out.width} columns`)
    return this.push({ op: 'linear', x: xv, weight, ...(bias && { bias }), out }, out)
  }

  headLinear(op: Omit<HeadLinearOp, 'op'>): HeadView {
    return this.push({ op: 'headLinear', ...op }, op.out)
  }

  rope(op: Omit<RopeOp, 'op' | 'out'> & { out?: HeadView }): HeadView {
    invariant(
      op.table.invFreq.length * 2 === op.dim,
      `rope of ${op.dim} columns with ${op.table.invFreq.length} frequencies`,
    )
    const out = op.out ?? op.x
    return this.push({ op: 'rope', ...op, out }, out)
  }

  attention(
    q: Value | View,
    k: Value | View,
    v: Value | View,
    shape: { nHeads: number; nKvHeads: number; headDim: number; vHeadDim?: number; scale: number } & AttentionOptions,
  ): Value {
    const { nHeads, nKvHeads, headDim, vHeadDim = headDim, scale, span, softcap, sinks } = shape
    invariant(view(q).width === nHeads * headDim, `attention q has ${q.width} columns`)
    invariant(view(k).width === nKvHeads * headDim && view(v).width === nKvHeads * vHeadDim, 'attention k or v width')
    invariant(nHeads % nKvHeads === 0, `${nHeads} heads over ${nKvHeads} key/value heads`)
    invariant(!span || (Number.isInteger(span.length) && span.length > 0), `attention over ${span?.length} positions`)
    invariant(softcap === undefined || softcap > 0, `attention softcap ${softcap}`)
    invariant(!sinks || sinks.shape[0] === nHeads, `attention sinks ${sinks?.name} of ${nHeads} heads`)
    const state = this.cache(nKvHeads, headDim, vHeadDim)
    const out = this.value(nHeads * vHeadDim)
    const shapes = { nHeads, nKvHeads, headDim, vHeadDim, scale }
    const rules = { ...(span && { span }), ...(softcap !== undefined && { softcap }), ...(sinks && { sinks }) }
    return this.push(
      { op: 'attention', q: view(q), k: view(k), v: view(v), state, ...shapes, ...rules, out: view(out) },
      out,
    )
  }

  mlaAttention(
    q: Value | View,
    latent: Value | View,
    shape: { nHeads: number; rank: number; ropeDim: number; scale: number },
  ): Value {
    const width = shape.rank + shape.ropeDim
    invariant(view(q).width === shape.nHeads * width && view(latent).width === width, 'mlaAttention q or latent width')
    const state = this.cache(1, width, 0)
    const out = this.value(shape.nHeads * shape.rank)
    return this.push({ op: 'mlaAttention', q: view(q), latent: view(latent), state, ...shape, out: view(out) }, out)
  }

  /** The positions that attention is to read; `every` as the rows of k are (see {@link CacheState}). */
  index(
    q: Value | View,
    k: Value | View,
    weights: Value | View,
    shape: { nHeads: number; dim: number; topK: number; scale: number; every?: number },
  ): Value {
    const { every = 1, ...fields } = shape
    invariant(view(q).width === fields.nHeads * fields.dim && view(k).width === fields.dim, 'index q or k width')
    invariant(view(weights).width === fields.nHeads && fields.dim % 4 === 0, 'index weights or width of a head')
    invariant(every <= 16, `an index of one row for ${every} positions`)
    const state = this.cache(1, fields.dim, 0, every)
    const out = this.value(fields.topK)
    return this.push({ op: 'index', q: view(q), k: view(k), weights: view(weights), state, ...fields, out }, out)
  }

  sparseAttention(
    q: Value | View,
    latent: Value | View,
    shape: { nHeads: number; rank: number; ropeDim: number; scale: number; window: number },
    read: { chosen?: Value; entry?: View; every?: number; sinks?: Weight },
  ): Value {
    const { entry, every = 1, chosen, sinks } = read
    const width = shape.rank + shape.ropeDim
    invariant(
      view(q).width === shape.nHeads * width && view(latent).width === width,
      'sparseAttention q or latent width',
    )
    invariant(shape.window > 0 || chosen, 'sparseAttention reads nothing')
    invariant(!entry || entry.width === width, 'sparseAttention entry width')
    invariant(!sinks || sinks.shape[0] === shape.nHeads, 'sparseAttention sinks')
    const rows = {
      state: this.cache(1, width, 0),
      ...(entry && { entry, entries: this.cache(1, width, 0, every) }),
      ...(chosen && { chosen }),
      ...(sinks && { sinks }),
    }
    const out = this.value(shape.nHeads * shape.rank)
    const inputs = { q: view(q), latent: view(latent) }
    return this.push({ op: 'sparseAttention', ...inputs, ...rows, ...shape, out: view(out) }, out)
  }

  compress(kv: Value | View, gate: Value | View, ape: Weight, shape: { ratio: number; overlap: boolean }): Value {
    const width = view(kv).width / (shape.overlap ? 2 : 1)
    invariant(view(gate).width === view(kv).width && Number.isInteger(width) && width % 4 === 0, 'compress kv or gate')
    invariant(ape.shape[0] === shape.ratio && ape.shape[1] === view(kv).width, `compress ${ape.name}`)
    const state = this.cache(1, view(kv).width, view(kv).width)
    const out = this.value(width)
    return this.push({ op: 'compress', kv: view(kv), gate: view(gate), ape, state, ...shape, out }, out)
  }

  repeat(x: Value | View, times: number): Value {
    const out = this.value(view(x).width * times, view(x).value.rows)
    return this.push({ op: 'repeat', x: view(x), times, out }, out)
  }

  streamWeights(
    m: Value | View,
    scale: Weight,
    base: Weight,
    shape: { streams: number; eps: number; iterations: number },
  ): Value {
    const xv = view(m)
    const n = shape.streams
    invariant(xv.width === n || xv.width === n * (n + 2), `streamWeights of ${xv.width} columns`)
    invariant(base.shape[0] === xv.width && scale.shape[0] === (xv.width === n ? 1 : 3), 'streamWeights base or scale')
    const out = this.value(xv.width, xv.value.rows)
    return this.push({ op: 'streamWeights', m: xv, scale, base, ...shape, out }, out)
  }

  collapseStreams(x: Value, weights: Value, streams: number): Value {
    invariant(x.width % (4 * streams) === 0, `collapseStreams of ${x.width} columns`)
    const out = this.value(x.width / streams, x.rows)
    return this.push({ op: 'collapseStreams', x: view(x), weights, streams, out }, out)
  }

  /** Writes the new streams over the old ones. */
  updateStreams(x: Value, y: Value | View, weights: Value, streams: number): Value {
    const D = view(y).width
    invariant(D * streams === x.width && D % 4 === 0 && streams === 4, `updateStreams of ${x.width} columns by ${D}`)
    return this.push({ op: 'updateStreams', x: view(x), y: view(y), weights, streams, out: view(x) }, x)
  }

  route(
    logits: Value | View,
    options: Omit<RouteOp, 'op' | 'logits' | 'epsilon' | 'out'> & { epsilon?: number },
  ): Value {
    const { topK, scoring, bias, nGroups, epsilon = 1e-20 } = options
    const byLogits = scoring === 'chosenSoftmax' || scoring === 'chosenSigmoid'
    invariant(topK <= logits.width, `route to ${topK} of ${logits.width} experts`)
    invariant(!byLogits || (!bias && nGroups === 1), `route by ${scoring} has neither bias nor groups`)
    invariant(!options.table || options.table.shape[1] === topK, `route by ${options.table?.name}`)
    const out = this.value(2 * options.topK)
    return this.push({ op: 'route', logits: view(logits), ...options, epsilon, out }, out)
  }

  experts(
    x: Value | View,
    routing: Value,
    weights: ExpertWeights,
    topK: number,
    activation: Activation = 'silu',
    weighted: 'output' | 'input' = 'output',
  ): Value {
    invariant(routing.width === 2 * topK, `experts: routing of ${routing.width} columns for ${topK} slots`)
    checkExperts(weights, view(x).width)
    const out = this.value(view(x).width)
    return this.push(
      { op: 'experts', x: view(x), routing, topK, ...weights, activation, weighted, out: view(out) },
      out,
    )
  }

  gatedMul(gate: Value | View, up: Value | View, activation: Activation = 'silu'): Value {
    const out = this.value(view(gate).width)
    return this.push({ op: 'gatedMul', gate: view(gate), up: view(up), activation, out: view(out) }, out)
  }

  /** Writes to `out`, by default a new value. */
  scale(x: Value | View, factor: number, options: Pick<Partial<ScaleOp>, 'temperature' | 'out'> = {}): View {
    const xv = view(x)
    const { temperature, out = view(this.value(xv.width, xv.value.rows)) } = options
    invariant(out.width === xv.width, `scale ${xv.width} columns into ${out.width}`)
    invariant(!temperature || (xv.value.rows === 'T' && temperature.length > 0), 'a temperature needs positions')
    return this.push({ op: 'scale', x: xv, factor, ...(temperature && { temperature }), out }, out)
  }

  add(a: Value | View, b: Value | View): Value {
    invariant(view(a).width === view(b).width, `add ${a.width} and ${b.width} columns`)
    const out = this.value(view(a).width)
    return this.push({ op: 'add', a: view(a), b: view(b), out: view(out) }, out)
  }

  /** Writes over x. */
  shortConv(x: Value | View, weight: Weight): View {
    const out = view(x)
    invariant(out.width % 4 === 0, `shortConv of ${out.width} columns`)
    invariant(weight.shape[0] === out.width && weight.shape.at(-1) === CONV_TAPS, `shortConv ${weight.name}`)
    return this.push({ op: 'shortConv', x: out, weight, recurrent: this.recurrent(3 * out.width), out }, out)
  }

  /** Writes over x. */
  decay(x: Value | View, rate: Weight, bias: Weight, options: Pick<DecayOp, 'nHeads' | 'bound'>): View {
    const out = view(x)
    invariant(out.width % options.nHeads === 0 && bias.shape[0] === out.width, `decay of ${out.width} columns`)
    invariant(Math.max(...rate.shape) >= options.nHeads, `decay ${rate.name} for ${options.nHeads} heads`)
    return this.push({ op: 'decay', x: out, rate, bias, ...options, out }, out)
  }

  deltaRule(
    inputs: Record<'q' | 'k' | 'v' | 'decay' | 'beta', Value | View>,
    shape: Pick<DeltaRuleOp, 'nHeads' | 'nKeyHeads' | 'keyDim' | 'valueDim'>,
    out: View = view(this.value(shape.nHeads * shape.valueDim)),
  ): View {
    const { nHeads, nKeyHeads, keyDim, valueDim } = shape
    const views = {
      q: view(inputs.q),
      k: view(inputs.k),
      v: view(inputs.v),
      decay: view(inputs.decay),
      beta: view(inputs.beta),
    }
    invariant(nHeads % nKeyHeads === 0 && keyDim % 4 === 0 && valueDim % 4 === 0, 'deltaRule heads')
    invariant(views.q.width === nKeyHeads * keyDim && views.k.width === views.q.width, 'deltaRule q or k width')
    invariant(views.v.width === nHeads * valueDim && views.beta.width === nHeads, 'deltaRule v or beta width')
    invariant([nHeads, nHeads * keyDim].includes(views.decay.width), `deltaRule decay of ${views.decay.width} columns`)
    const recurrent = this.recurrent(nHeads * deltaHeadFloats(keyDim, valueDim))
    invariant(out.width === views.v.width, 'deltaRule out width')
    return this.push({ op: 'deltaRule', ...views, recurrent, nHeads, nKeyHeads, keyDim, valueDim, out }, out)
  }

  gatedNorm(
    x: Value | View,
    gate: Value | View,
    weight: Weight,
    options: { eps: number; activation: 'silu' | 'sigmoid' },
  ): Value {
    const heads = view(x).width / weight.shape[0]!
    invariant(Number.isInteger(heads) && view(gate).width === view(x).width, `gatedNorm of ${view(x).width} columns`)
    const out = this.value(view(x).width)
    const views = { x: view(x), gate: view(gate), weight }
    return this.push({ op: 'gatedNorm', ...views, ...options, heads, out: view(out) }, out)
  }

  /** Writes over x. */
  sigmoidGate(x: Value | View, gate: Value | View): View {
    const out = view(x)
    invariant([1, out.width].includes(view(gate).width), `sigmoidGate of ${out.width} columns by ${view(gate).width}`)
    return this.push({ op: 'sigmoidGate', x: out, gate: view(gate), out }, out)
  }

  copyHeads(x: HeadView, out: HeadView, nHeads: number, width: number): HeadView {
    return this.push({ op: 'copyHeads', x, out, nHeads, width }, out)
  }

  mixBlocks(blocks: readonly (Value | View)[], norm: Weight, proj: Weight, eps: number): View {
    const views = blocks.map((block) => view(block))
    const { width } = views[0]!
    invariant(views.length <= MOST_BLOCKS && views.every((v) => v.width === width), `mixBlocks of ${views.length}`)
    const out = view(this.value(width))
    return this.push({ op: 'mixBlocks', blocks: views, norm, proj, eps, out }, out)
  }

  selectRows(x: Value | View): Value {
    const out = this.value(view(x).width, 'R')
    return this.push({ op: 'selectRows', x: view(x), out }, out)
  }

  /** `draftLogits` are what the draft ends with, if there is one. */
  build(logits: Value, contextLength: number, draftLogits?: Value): Program {
    const { drafting } = this
    invariant((drafting === undefined) === (draftLogits === undefined), 'a draft begins and ends')
    const draft = drafting &&
      draftLogits && { ops: this.ops.slice(drafting.first), hidden: drafting.hidden, logits: draftLogits }
    return {
      ops: this.ops.slice(0, drafting?.first),
      values: this.values,
      states: this.states,
      recurrents: this.recurrents,
      ropeTables: this.ropeTables,
      logits,
      ...(draft && { draft }),
      vocabSize: logits.width,
      nLayers: drafting?.nLayers ?? this.layerIndex + 1,
      contextLength,
    }
  }

  private push<R>(op: Op, result: R): R {
    this.ops.push({ op, layer: this.layerIndex })
    return result
  }
}

/** What {@link AttentionOp} may add to plain causal attention. */
interface AttentionOptions {
  readonly span?: AttentionSpan | undefined
  readonly softcap?: number | undefined
  readonly sinks?: Weight | undefined
}

/** One weight per expert: matrices [F, D], [F, D], [D, F] and, where there are any, biases [F], [F], [D]. */
export type ExpertWeights = Pick<ExpertsOp, 'gate' | 'up' | 'down' | 'gateBias' | 'upBias' | 'downBias'>

function checkExperts(weights: ExpertWeights, D: number): void {
  const { gate, up, down } = weights
  const F = rowsOf(gate[0]!)
  const shapes = { gate: [F, D], up: [F, D], down: [D, F], gateBias: [F], upBias: [F], downBias: [D] }
  for (const [part, list] of Object.entries(weights) as [keyof ExpertWeights, readonly Weight[]][]) {
    invariant(list.length === gate.length, `experts: ${list.length} of ${part}, ${gate.length} of gate`)
    for (const w of list)
      invariant(
        String(w.shape) === String(shapes[part]),
        `experts ${part} ${w.name} [${w.shape}], not [${shapes[part]}]`,
      )
  }
  invariant(up.length > 0 && down.length > 0, 'experts without weights')
}

function rowsOf(weight: Weight): number {
  invariant(weight.shape.length === 2, `${weight.name} is not a matrix`)
  return weight.shape[0]!
}

function columns(weight: Weight): number {
  invariant(weight.shape.length === 2, `${weight.name} is not a matrix`)
  return weight.shape[1]!
}
