import type { JsonObject } from '../../../json.js'
import type { FileTensor } from '../file-tensor.js'

/** What a scheme needs to know to find the tensors that make up one weight. */
export interface SchemeContext {
  /** The weight's name: X.weight, or X where the labs leave the ending out. */
  readonly name: string
  /** [N, K] or [N] */
  readonly shape: readonly number[]
  /** For messages: the checkpoint. */
  readonly where: string
  /** quantization_config of config.json. */
  readonly quantization: JsonObject | undefined
  /** The tensor `name` + ending, or its part for one expert of a stack. */
  readonly find: (ending: string) => FileTensor | undefined
  /** The tensor X.last for X.weight, likewise. */
  readonly sibling: (last: string) => FileTensor | undefined
}
