import { renderTemplate } from '../jinja/render.js'
import { Refusal } from '../jinja/runtime.js'
import type { Body } from '../jinja/syntax.js'
import { withLimits } from '../python/limits.js'
import { takePrintedNone } from '../python/text.js'
import { PythonError } from '../python/values.js'
import { formsFor, type Form } from './form.js'
import { workOf, variablesOf, type Given } from './variables.js'

const AS_GIVEN: Form = {
  nullContent: '',
  developer: 'developer',
  thoughtBesideText: true,
  wholeTools: false,
  lenient: false,
  argumentsAs: 'values',
}

/** Content is told from none: a call is written where there is no content. Any other template would print `None` or `null`. */
const ASKS_FOR_NONE = /(?<!\w)content\W+(?:is (?:not )?|[!=]= ?)none\b/i

/**
 * The prompt of a conversation, in the first form that the template takes.
 * @throws what the template failed with in the form that transformers gives it, when it takes none.
 */
export function renderPrompt(body: Body, given: Given, knowsDevelopers: () => boolean): string {
  const { messages, options, source } = given
  const developers = messages.some(({ role }) => role === 'developer')
  const first: Form = {
    ...AS_GIVEN,
    ...(ASKS_FOR_NONE.test(source) && { nullContent: null }),
    ...(developers && !knowsDevelopers() && { developer: 'system' }),
  }
  let failure: unknown
  for (const form of formsFor(first, { messages, tools: options.tools })) {
    try {
      return withoutNone(body, given, form)
    } catch (error) {
      if (!(error instanceof PythonError || error instanceof Refusal)) throw error
      failure ??= error
    }
  }
  throw failure
}

/** No model was trained on `None` for what an assistant said that only called tools. A template may ask in one place and print in another. */
function withoutNone(body: Body, given: Given, form: Form): string {
  const { text, nones } = renderForm(body, given, form)
  if (nones === 0 || form.nullContent === '' || given.messages.every(({ content }) => content !== null)) return text
  const other = renderForm(body, given, { ...form, nullContent: '' })
  return other.nones < nones ? other.text : text
}

function renderForm(body: Body, given: Given, form: Form): { text: string; nones: number } {
  takePrintedNone()
  const text = withLimits(workOf(given), () => renderTemplate(body, variablesOf(given, form), form.lenient))
  return { text, nones: takePrintedNone() }
}

const MARK = 'an instruction that is looked for'

/** Whether a developer's message gets into the prompt: the word alone may stand in a template for other reasons. */
export function writesDevelopers(body: Body, given: Omit<Given, 'messages' | 'options'>): boolean {
  if (!given.source.includes('developer')) return false
  const messages = [
    { role: 'developer', content: MARK },
    { role: 'user', content: 'Hi' },
  ] as const
  try {
    return renderForm(body, { ...given, messages, options: {} }, AS_GIVEN).text.includes(MARK)
  } catch {
    return false
  }
}
