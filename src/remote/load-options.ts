import { StopText } from '../engine/answer/stop.js'
import { resolveOptions } from '../engine/options.js'
import { GREEDY } from '../engine/sample/sampler.js'
import type { AnswerOptions } from './engine-like.js'

/** What can be asked for when a model is loaded, for clients that see nothing else of the engine. */
export {
  BACKEND_NAMES,
  WEIGHT_BITS,
  type BackendName,
  type LoadOptions,
  type LoadProgress,
  type WeightBits,
} from '../engine/options.js'

/** The ranges of an answer's options, before there is a model. @throws UserError as the answer would */
export function checkAnswerOptions(options: AnswerOptions): void {
  const { stop } = resolveOptions(options, { sampling: GREEDY, samplingSource: 'default' })
  new StopText(stop)
}
