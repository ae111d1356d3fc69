/** Hyper-connections. */
import type { CollapseStreamsOp, RepeatOp, StreamWeightsOp, UpdateStreamsOp } from '../../../graph/ops.js'
import type { Lowering } from './lowering.js'

export function repeat(op: RepeatOp, to: Lowering): void {
  to.push('repeat', to.bufferOf(op.out), {
    reads: { x: to.view(op.x) },
    writes: { out: to.whole(op.out) },
    ints: { bytes: op.x.width * 4, times: op.times },
  })
}

export function streamWeights(op: StreamWeightsOp, to: Lowering): void {
  to.push('streamWeights', to.bufferOf(op.out), {
    reads: { m: to.view(op.m) },
    writes: { out: to.whole(op.out) },
    weights: { scale: to.weight(op.scale.name), base: to.weight(op.base.name) },
    ints: { columns: op.out.width, streams: op.streams, iterations: op.iterations },
    floats: { eps: op.eps },
  })
}

export function collapseStreams(op: CollapseStreamsOp, to: Lowering): void {
  to.push('collapseStreams', to.bufferOf(op.out), {
    reads: { x: to.view(op.x), weights: to.whole(op.weights) },
    writes: { out: to.whole(op.out) },
    ints: { streams: op.streams, columns: op.out.width },
  })
}

export function updateStreams(op: UpdateStreamsOp, to: Lowering): void {
  to.push('updateStreams', to.bufferOf(op.out.value), {
    reads: { x: to.view(op.x), y: to.view(op.y), weights: to.whole(op.weights) },
    writes: { out: to.view(op.out) },
    ints: { columns: op.y.width },
  })
}
