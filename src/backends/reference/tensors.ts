import type { Checkpoint } from '../../checkpoint/checkpoint.js'
import { decodeRows } from '../../checkpoint/formats/decode.js'
import { UserError } from '../../errors.js'
import { weightsOf, type Weight } from '../../graph/ops.js'
import { allOps, type Program } from '../../graph/program.js'
import type { BackendOptions } from '../backend.js'
import { checkIds } from '../ids.js'

/** All weights of a program, widened to f32. */
export class Weights {
  private readonly values = new Map<string, Float32Array>()
  storedBytes = 0

  static async load(program: Program, checkpoint: Checkpoint, options: BackendOptions): Promise<Weights> {
    const weights = new Weights()
    const stored = new Map(
      allOps(program)
        .flatMap(({ op }) => weightsOf(op))
        .map((weight) => [weight.name, { weight, tensor: checkpoint.tensor(weight.name, weight.shape, weight.part) }]),
    )
    const totalBytes = [...stored.values()].reduce((sum, { tensor }) => sum + tensor.byteLength, 0)
    for (const [name, { weight, tensor }] of stored) {
      if (options.signal?.aborted) throw new UserError('loading was cancelled', 'aborted')
      const values = await decodeRows(tensor, 0, tensor.rows)
      checkIds(weight, tensor, values)
      weights.values.set(name, values)
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
