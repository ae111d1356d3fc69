import type { ModelFiles } from '../checkpoint/files/files.js'
import { loadEngine } from '../engine/load.js'
import type { LoadOptions } from '../engine/options.js'
import { tokenizerOf } from '../engine/tokenizer.js'
import type { EngineLike, TokenCoder } from './engine-like.js'

export { memoryBandwidth } from '../engine/measure/headers.js'
export { machineMemory } from '../engine/measure/memory.js'
export { quantizeModel } from '../engine/quantize/quantize.js'
export { checkOffer, runsFamily } from '../engine/measure/offer.js'

/** An engine in this thread. @throws UserError as loadEngine does */
export function openEngine(model: ModelFiles, options: LoadOptions = {}): Promise<EngineLike> {
  return loadEngine(model, options)
}

/** The tokenizer of a model without its weights. @throws UserError invalid_tokenizer when it has none */
export async function openTokenCoder(model: ModelFiles): Promise<TokenCoder> {
  const tokenizer = await tokenizerOf(model)
  return {
    encode: (text, { addSpecial = true, parseSpecial = true } = {}) =>
      tokenizer.encode(text, { addSpecial, parseSpecial }),
    decode: (ids) => tokenizer.decode(ids),
    tokenTexts: (ids) => ids.map((id) => tokenizer.decode([id])),
  }
}
