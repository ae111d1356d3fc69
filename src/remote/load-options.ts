/** What can be asked for when a model is loaded, for clients that see nothing else of the engine. */
export {
  BACKEND_NAMES,
  WEIGHT_BITS,
  type BackendName,
  type LoadOptions,
  type LoadProgress,
  type WeightBits,
} from '../engine/options.js'
