import { loadEngine } from '../../engine/engine.js'
import type { LoadOptions } from '../../engine/options.js'
import { UserError } from '../../errors.js'
import { fidelity, type Fidelity, type FidelityOptions } from './fidelity.js'
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
export type FormResult =
  | { readonly form: string; readonly found: Fidelity }
  | { readonly form: string; readonly sameAs: string }
  | { readonly form: string; readonly refused: UserError }

export interface FormsOptions extends FidelityOptions {
  /** In place of the bundled text. */
  readonly text?: string | undefined
  /** A place of another form of the model, such as the published weights of a quantised file. Default: the model itself, in `exact`. */
  readonly against?: string | undefined
  readonly load?: LoadOptions | undefined
  readonly onForm?: ((form: Form) => void) | undefined
}

/** Each form of a model against one reference, one after the other: two are in memory at a time. */
export async function fidelityOfForms(
  model: string,
  forms: readonly Form[],
  { text = FIDELITY_TEXT, against = model, load = {}, onForm, ...options }: FormsOptions = {},
): Promise<FormResult[]> {
  const reference = await loadEngine(against, { ...load, precision: 'exact', quantize: undefined, kvCache: undefined })
  const results: FormResult[] = []
  let plain: { readonly name: string; readonly weightBytes: number } | undefined
  try {
    const ids = reference.encode(text)
    for (const form of forms) {
      onForm?.(form)
      const measured = await loadEngine(model, { ...load, ...form.options }).catch((error: unknown) => {
        if (plain && error instanceof UserError && error.code === 'invalid_argument') return error
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
        else results.push({ form: form.name, found: await fidelity(reference, measured, ids, options) })
        if (!form.options.quantize) plain ??= { name: form.name, weightBytes }
      } finally {
        await measured.close()
      }
    }
    return results
  } finally {
    await reference.close()
  }
}
