import { UserError, type Remedy } from '../../errors.js'
import { MODEL_TYPES, MODELS } from '../../models/registry.js'
import { catalogue } from '../../store/names/catalogue.js'
import type { Offer } from '../../store/resolve.js'
import type { LoadOptions } from '../options.js'
import { headerFiles } from '../named.js'
import type { MemoryFit } from './fit.js'
import { openHeaders } from './headers.js'

/** What a config says for certain. */
const CERTAIN: ReadonlySet<string> = new Set(['out_of_memory', 'unsupported_model', 'network', 'aborted'])
/** Of a GGUF of less, the load alone asks whether it fits: to read its headers first would be to fetch much of it twice. */
const SMALL_MODEL = 64e6

/**
 * Looks at the config and the headers of a model that a hub has, before it is fetched.
 * @throws UserError where the family is not supported, or where the model would not fit the memory, unless forced
 */
export async function checkOffer(offer: Offer, options: LoadOptions): Promise<void> {
  if (offer.files.some((file) => 'stream' in file)) return
  const hasConfig = offer.files.some(({ path }) => path === 'config.json')
  if (!hasConfig && offer.bytes < SMALL_MODEL) return
  try {
    const headers = await openHeaders(headerFiles(offer), options)
    try {
      await headers.admit(options, { others: (fit) => smallerForms(offer, fit) })
    } finally {
      await headers.close()
    }
  } catch (error) {
    // A config alone does not say all; whatever else is wrong is found when the model is loaded.
    if (!(error instanceof UserError) || !hasConfig || CERTAIN.has(error.code)) throw error
  }
}

/** Smaller quantisations of the same repository that would fit, or else smaller models. */
function smallerForms({ reference, listing, bytes }: Offer, fit: MemoryFit): Remedy[] {
  const room = fit.availableBytes - (fit.needBytes - fit.weightBytes)
  const isPart = /-\d{5}-of-\d{5}\.gguf$/
  const smaller = listing.files
    .filter(
      ({ path, size }) =>
        /\.gguf$/i.test(path) && !isPart.test(path) && !/mmproj|imatrix/i.test(path) && size < Math.min(bytes, room),
    )
    .sort((a, b) => b.size - a.size)
  const [best] = smaller
  return best ? [{ advice: `${reference.id}:${best.path} (${(best.size / 1e9).toFixed(1)} GB)` }] : smallerModels(fit)
}

/** The largest models of the catalogue that would fit. */
export function smallerModels({ availableBytes }: Pick<MemoryFit, 'availableBytes'>): Remedy[] {
  const fitting = catalogue().filter(({ memoryBytes, tier }) => memoryBytes < availableBytes && tier === 'first')
  const names = fitting.slice(-2).map(({ name }) => name)
  return names.length === 0 ? [] : [{ advice: `a smaller model such as ${names.join(' or ')}` }]
}

/** Whether a family that a hub names, a `model_type` or the architecture of a GGUF, can be run. One that it does not name may be. */
export function runsFamily(family: string | undefined): boolean {
  if (family === undefined) return true
  const architectures = MODELS.flatMap(
    ({ published }) => published?.gguf?.map(({ architecture }) => architecture) ?? [],
  )
  return MODEL_TYPES.includes(family) || architectures.includes(family)
}
