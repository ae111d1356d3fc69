import type { Checkpoint } from '../../checkpoint/checkpoint.js'
import { decodeRows } from '../../checkpoint/decode.js'
import { UserError } from '../../errors.js'
import { weightsOf, type Weight } from '../../graph/ops.js'
import { allOps, type Program } from '../../graph/program.js'
import type { BackendOptions } from '../backend.js'

/** All weights of a program, widened to f32. */
export class Weights {
  private readonly values = new Map<string, Float32Array>()
  storedBytes = 0

  static async load(program: Program, checkpoint: Checkpoint, options: BackendOptions): Promise<Weights> {
    const weights = new Weights()
    const stored = new Map(
      allOps(program)
        .flatMap(({ op }) => weightsOf(op))
        .map((w) => [w.name, checkpoint.tensor(w.name, w.shape, w.part)]),
    )
    const totalBytes = [...stored.values()].reduce((sum, t) => sum + t.byteLength, 0)
    for (const [name, tensor] of stored) {
      if (options.signal?.aborted) throw new UserError('loading was cancelled', 'aborted')
      weights.values.set(name, await decodeRows(tensor, 0, tensor.rows))
      weights.storedBytes += tensor.byteLength
      options.onProgress?.({ loadedBytes: weights.storedBytes, totalBytes, tensor: name })
    }
    return weights
  }

  /** [N, K] or [N], row-major. */
  of(weight: Weight): Float32Array {
    return this.values.get(weight.name)!
  }
}
