import { CALL_ID, type ArgumentSyntax, type ToolSyntax } from './dialect.js'
import { filled, THINK, triggerOf, type CallForm, type Family } from './written.js'

/** The exact text of a family's calls, for grammars. */
export function syntaxOf(family: Family): ToolSyntax | undefined {
  const { calls: [form] = [], resume = '' } = family
  if (!form) return undefined
  const { begin = '', call, between = '', end = '' } = form
  const [lead = '', close = ''] = call.split('$arguments')
  // What the prompt has already is written between calls, and not before the first.
  const resumes = begin === '' && resume !== '' && lead.startsWith(resume)
  const opening = resumes ? lead.slice(resume.length) : lead
  const id = form.idHolds ?? CALL_ID
  return {
    before: begin.startsWith(resume) ? begin.slice(resume.length) : begin,
    begin: (name, index) => filled(filled(opening, { id }), { name: named(name, lead), index: String(index) }),
    argumentsAs: argumentSyntax(form),
    end: close,
    between: between + (resumes ? resume : ''),
    after: end,
    parallel: family.parallel !== false,
    ...alsoBegin(family, form),
    ...(form.ids !== undefined && { ids: form.ids }),
    ...textAndMessages(family),
  }
}

/** A name in a JSON string is written as one. */
function named(name: string, lead: string): string {
  return lead.includes('"$name"') ? JSON.stringify(name).slice(1, -1) : name
}

function argumentSyntax({ values = 'json', parameter }: CallForm): ArgumentSyntax {
  if (parameter === undefined) return { kind: values }
  const [open = '', close = ''] = parameter.split('$value')
  return {
    kind: 'tagged',
    begin: (key, type) => filled(open, { key, type, string: String(type === 'string') }),
    end: (key) => filled(close, { key }),
    between: '',
    strings: 'raw',
  }
}

function alsoBegin({ calls = [], resume }: Family, form: CallForm): Pick<ToolSyntax, 'alsoBegin'> {
  const own = triggerOf(form, resume)
  const others = [...new Set(calls.map((one) => triggerOf(one, resume)))].filter((trigger) => trigger !== own)
  return others.length > 0 ? { alsoBegin: others } : {}
}

function textAndMessages(family: Family): Pick<ToolSyntax, 'text' | 'messages' | 'nextMessage'> {
  const { text, resume = '', thought = THINK } = family
  if (!text) return {}
  const own = (mark: string): string => (mark.startsWith(resume) ? mark.slice(resume.length) : mark)
  const around = { text: { begin: own(text.begin), end: text.end } }
  // With a mark before each message, text and calls are messages alike.
  if (resume === '') return around
  if (!thought.open.startsWith(resume)) return { ...around, messages: [], nextMessage: resume }
  return { ...around, messages: [{ begin: own(thought.open), end: thought.close + resume }] }
}
