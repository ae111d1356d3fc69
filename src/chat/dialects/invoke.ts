import { argumentTypes, objectText, typedValue } from './arguments.js'
import type { ToolSyntax } from './dialect.js'
import type { AnswerReader, Reading } from './reader.js'

/** Tags of the form `<P invoke name="f">` and `<P parameter name="k">`; P is the family's prefix. */
export interface InvokeTags {
  /** Of every tag, such as ｜DSML｜. */
  readonly prefix: string
  /** The outer tag's name without the prefix. */
  readonly block: string
  /** Parameters say themselves whether they are strings: `string="true"`. */
  readonly typed: boolean
}

export function blockBegin({ prefix, block }: InvokeTags): string {
  return `<${prefix}${block}>`
}

/** Behind the outer tag: calls up to its end. */
export function* invocations(reader: AnswerReader, tags: InvokeTags): Reading<boolean> {
  let calls = 0
  for (;;) {
    yield* reader.space()
    const next = yield* reader.take([`<${tags.prefix}invoke`, `</${tags.prefix}${tags.block}>`])
    if (next === undefined || next.startsWith('</')) return calls > 0
    if (!(yield* invocation(reader, tags))) return false
    calls++
    reader.record('')
  }
}

function* invocation(reader: AnswerReader, { prefix, typed }: InvokeTags): Reading<boolean> {
  const name = attribute((yield* reader.until(['>'])).text, 'name')
  if (name === undefined) return false
  const end = `</${prefix}parameter>`
  const entries: [string, string][] = []
  for (;;) {
    yield* reader.space()
    const next = yield* reader.take([`<${prefix}parameter`, `</${prefix}invoke>`])
    if (next === undefined) return false
    if (next.startsWith('</')) break
    const attributes = yield* reader.until(['>'])
    const value = yield* reader.until([end])
    const key = attribute(attributes.text, 'name')
    if (key === undefined || value.marker === undefined) return false
    const declared = typed ? attribute(attributes.text, 'string') : undefined
    if (declared === 'true') entries.push([key, JSON.stringify(value.text)])
    else if (declared === 'false') entries.push([key, typedValue(value.text, undefined, 'json')])
    else {
      const raw = value.text.replace(/^\n/, '').replace(/\n$/, '')
      entries.push([key, typedValue(raw, argumentTypes(reader.setup.tools, name, key), 'json')])
    }
  }
  reader.call(name, objectText(entries))
  return true
}

/** The value of `name="value"`; quotes may be single or left out. */
function attribute(text: string, name: string): string | undefined {
  const match = new RegExp(`(?:^|\\s)${name}=(?:"([^"]*)"|'([^']*)'|(\\S+))`).exec(text)
  return match?.[1] ?? match?.[2] ?? match?.[3]
}

export function invokeSyntax(tags: InvokeTags, lead: string): ToolSyntax {
  const { prefix, block, typed } = tags
  return {
    before: `${lead}<${prefix}${block}>\n`,
    begin: (name) => `<${prefix}invoke name="${name}">\n`,
    argumentsAs: {
      kind: 'tagged',
      begin: (key, type) => `<${prefix}parameter name="${key}"${typed ? ` string="${type === 'string'}"` : ''}>`,
      end: () => `</${prefix}parameter>\n`,
      between: '',
      strings: 'raw',
    },
    end: `</${prefix}invoke>\n`,
    between: '',
    after: `</${prefix}${block}>`,
    parallel: true,
  }
}
