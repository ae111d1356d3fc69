import { loadEngine, type Engine } from '../../engine/engine.js'
import type { LoadOptions } from '../../engine/options.js'
import { UserError } from '../../errors.js'
import { fidelity, type Fidelity, type FidelityOptions } from './fidelity.js'
import type { ServedModel } from '../subject/api.js'
import { fidelityTo, referenceOf, type ServedFidelity } from './served.js'
import type { ServedReference } from './served-reference.js'
import { FIDELITY_TEXT } from './text.js'

/** A way to load a model, by the name that a table gives it. */
export interface Form {
  readonly name: string
  readonly options: LoadOptions
}

/** What a person may choose between. */
export const FORMS: readonly Form[] = [
  { name: 'fast', options: {} },
  { name: 'fast, q8 cache', options: { kvCache: 'q8' } },
  { name: 'q8', options: { quantize: 'q8' } },
  { name: 'q6', options: { quantize: 'q6' } },
  { name: 'q5', options: { quantize: 'q5' } },
  { name: 'q4', options: { quantize: 'q4' } },
]

/**
 * What was found of a form, or the form whose weights it has: those of a file in few bits stay as they are; or why the model cannot take it,
 * as a cache of fewer bits where all heads share one.
 */
export type FormResult<Found = Fidelity> =
  | { readonly form: string; readonly found: Found }
  | { readonly form: string; readonly sameAs: string }
  | { readonly form: string; readonly refused: UserError }

export interface FormsOptions extends FidelityOptions {
  /** In place of the bundled text. */
  readonly text?: string | undefined
  readonly load?: LoadOptions | undefined
  readonly onForm?: ((form: Form) => void) | undefined
}

/**
 * Each form of a model against one reference, one after the other: two are in memory at a time.
 * @param against a place of another form of the model, such as the published weights of a quantised file; or the model itself. In `exact`.
 */
export async function fidelityOfForms(
  model: string,
  forms: readonly Form[],
  { text = FIDELITY_TEXT, against = model, ...options }: FormsOptions & { readonly against?: string | undefined } = {},
): Promise<FormResult[]> {
  const exact = { precision: 'exact', quantize: undefined, kvCache: undefined } as const
  const reference = await loadEngine(against, { ...options.load, ...exact })
  try {
    const ids = reference.encode(text)
    return await eachForm(model, forms, options, (measured) => fidelity(reference, measured, ids, options))
  } finally {
    await reference.close()
  }
}

/** Each form of a model, `exact` too, against a server, which is asked once. */
export async function servedFidelityOfForms(
  model: string,
  served: ServedModel,
  { text = FIDELITY_TEXT, ...options }: FormsOptions = {},
): Promise<FormResult<ServedFidelity>[]> {
  let reference: ServedReference | undefined
  return eachForm(model, [EXACT, ...FORMS], options, async (measured) => {
    reference ??= await referenceOf(measured, served, measured.encode(text), options)
    return fidelityTo(reference, measured, options.signal)
  })
}

const EXACT: Form = { name: 'exact', options: { precision: 'exact' } }

async function eachForm<Found>(
  model: string,
  forms: readonly Form[],
  { load, onForm }: FormsOptions,
  measure: (engine: Engine) => Promise<Found>,
): Promise<FormResult<Found>[]> {
  const results: FormResult<Found>[] = []
  let plain: { readonly name: string; readonly weightBytes: number } | undefined
  for (const form of forms) {
    onForm?.(form)
    const measured = await loadEngine(model, { ...load, ...form.options }).catch((error: unknown) => {
      if (results.length > 0 && error instanceof UserError && error.code === 'invalid_argument') return error
      throw error
    })
    if (measured instanceof UserError) {
      results.push({ form: form.name, refused: measured })
      continue
    }
    try {
      const { weightBytes } = measured.info
      if (form.options.quantize && plain?.weightBytes === weightBytes)
        results.push({ form: form.name, sameAs: plain.name })
      else results.push({ form: form.name, found: await measure(measured) })
      // Weights in exact may lie in other bytes.
      if (!form.options.quantize && form !== EXACT) plain ??= { name: form.name, weightBytes }
    } finally {
      await measured.close()
    }
  }
  return results
}
