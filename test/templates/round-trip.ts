// What a template writes of an assistant's turn is what the model was trained to write: its dialect has to give the turn back.
import { isDeepStrictEqual } from 'node:util'
import type { Dialect } from '../../src/chat/dialects/dialect.js'
import { chooseDialect } from '../../src/chat/dialects/registry.js'
import type { ChatMessage, ToolDefinition } from '../../src/chat/message.js'
import { withTools } from '../../src/chat/rendering/tools.js'
import { jinjaTemplate } from '../../src/chat/template.js'
import { compileGrammar, type CompiledGrammar } from '../../src/grammar/compile.js'
import { callsText, type Call } from '../chat/written-calls.js'

const properties = {
  from: { type: 'string', description: 'Where the trip begins' },
  options: {
    type: 'object',
    description: 'What else is wanted',
    additionalProperties: { type: 'string' },
    properties: {
      classes: { type: 'array', items: { type: 'string' } },
      price: { type: 'object', properties: { currency: { type: 'string' }, max: { type: 'number' } } },
      quiet: { type: 'boolean' },
    },
  },
  seats: { type: 'integer', description: 'How many seats' },
  to: { type: 'string', description: 'Where it ends' },
}
const tool = (name: string, parameters: object): ToolDefinition => ({
  type: 'function',
  function: { name, description: `Does ${name}`, parameters: { type: 'object', ...parameters } },
})
export const TOOLS: readonly ToolDefinition[] = [
  tool('find_train', { properties, required: ['from'] }),
  tool('station_clock', {
    properties: { station: { type: 'string', description: 'Its name' } },
    required: ['station'],
  }),
  tool('ring_bell', { properties: {}, required: [] }),
]

const CLOCK: Call = ['station_clock', { station: 'Bern Hbf, "west" & <b>\nline 2' }]
const TRAIN: Call = [
  'find_train',
  {
    from: 'Basel',
    options: { classes: ['first', '2nd'], price: { currency: 'true', max: 120.5 }, quiet: true },
    seats: 2,
    to: '123',
  },
]
const BELL: Call = ['ring_bell', {}]

interface Turn {
  readonly text?: string
  readonly thought?: string
  readonly calls?: readonly Call[]
}
const TURNS: Readonly<Record<string, Turn>> = {
  text: { text: 'The Rhine.' },
  call: { calls: [CLOCK] },
  nested: { calls: [TRAIN] },
  bare: { calls: [BELL] },
  two: { calls: [CLOCK, TRAIN] },
  'text-call': { text: 'Let me look.', calls: [CLOCK] },
  'thought-text': { text: 'The Rhine.', thought: 'Rivers of Basel.' },
  'thought-call': { thought: 'I need the clock.', calls: [CLOCK] },
  all: { text: 'Let me look.', thought: 'I need the clock.', calls: [CLOCK, TRAIN] },
}
const IDS = [
  ['aB3dE5gH7', 'zY8xW6vU4'],
  ['a1b2c3d4e5', 'f6g7h8i9j0'],
] as const

/** Two ids that a family could have made. */
function idsOf(dialect: Dialect): readonly [string, string] {
  const ids = dialect.toolSyntax?.(TOOLS)?.ids ?? ''
  return IDS.find(([id]) => new RegExp(`^(?:${ids})$`).test(id)) ?? IDS[0]
}

/** What became of a turn: ok, refused by the template, not written by it (and what of it), or what was read instead. */
export type Outcome = 'ok' | 'refused' | `no ${string}` | { readonly found: unknown; readonly in: string }

export interface RoundTrip {
  readonly dialect: Dialect
  readonly outcomes: ReadonlyMap<string, Outcome>
}

/** Renders each turn and reads it back, whole and in pieces of 1 and of 7 characters; `callsOnly`: whatever its text and thought are. */
export function roundTrip(source: string, name: string, callsOnly = false): RoundTrip {
  const template = jinjaTemplate(source, TOKENS, name)
  const plain: Render = (messages, options) => template.render(messages, options)
  const dialect = chooseDialect({ template: source, modelType: '', hasToken: () => false, render: plain })
  const render = renderOf(source, name, dialect)
  const outcomes = new Map(Object.entries(TURNS).map(([key, turn]) => [key, outcome(render, dialect, turn, callsOnly)]))
  return { dialect, outcomes }
}

type Render = ReturnType<typeof jinjaTemplate>['render']
const TOKENS = { bos_token: '', eos_token: '', pad_token: '', unk_token: '' }

/** As the engine renders: tools get into the prompt by whatever name the template has for them. */
function renderOf(source: string, name: string, dialect: Dialect): Render {
  const template = withTools(jinjaTemplate(source, TOKENS, name), dialect, name, () => undefined)
  return (messages, options) => template.render(messages, options)
}

function outcome(render: Render, dialect: Dialect, turn: Turn, callsOnly: boolean): Outcome {
  const written = turnText(render, dialect, turn)
  if (written === undefined) return 'refused'
  const { prompt, text } = written
  // As text that nothing reads.
  if (turn.calls && !dialect.toolSyntax) return 'no calls'
  const isIn = (part: string): boolean => text.includes(part)
  const missing = (turn.calls ?? []).filter(([name], i) => count(text, name) <= before(turn.calls!, name, i))
  if (missing.length > 0) return missing.length === turn.calls!.length ? 'no calls' : 'no second call'
  const wanted = {
    calls: turn.calls ?? [],
    thought: turn.thought !== undefined && isIn(turn.thought) ? turn.thought : '',
    text: turn.text !== undefined && isIn(turn.text) ? turn.text : '',
  }
  for (const size of [text.length, 1, 7]) {
    const found = read(dialect, prompt, text, size)
    const good = callsOnly ? isDeepStrictEqual(found.calls, wanted.calls) : isDeepStrictEqual(found, wanted)
    if (!good) return { found: { ...found, size }, in: `${prompt.slice(-40)}|${text}` }
  }
  return 'ok'
}

const count = (text: string, part: string): number => text.split(part).length - 1
const before = (calls: readonly Call[], name: string, i: number): number =>
  calls.slice(0, i).filter(([other]) => other === name).length

/** The turn in a conversation, from where the prompt for it ends, or differs. */
function turnText(
  render: Render,
  dialect: Dialect,
  { text = '', thought, calls }: Turn,
): { prompt: string; text: string } | undefined {
  const ask: ChatMessage[] = [{ role: 'user', content: 'Please help' }]
  const answer: ChatMessage = {
    role: 'assistant',
    content: text,
    ...(thought !== undefined && { reasoning_content: thought }),
    ...(calls && {
      tool_calls: calls.map(([name, args], i) => ({
        id: idsOf(dialect)[i]!,
        type: 'function',
        function: { name, arguments: JSON.stringify(args) },
      })),
    }),
  }
  try {
    const prompt = render(ask, { addGenerationPrompt: true, tools: TOOLS })
    const whole = render([...ask, answer], { addGenerationPrompt: false, tools: TOOLS })
    let common = 0
    while (common < prompt.length && prompt[common] === whole[common]) common++
    // The prompt may open, or close, a thought that the conversation leaves out.
    if (common < prompt.length) common -= /(?:<[^<>\n]*)?$/.exec(whole.slice(0, common))![0].length
    const written = whole.slice(common)
    // Where the conversation leaves out what opens a thought, the model was asked to continue from it all the same.
    const opens = (text: string): boolean => dialect.textStart?.(text, true) !== undefined
    const opened = thought !== undefined && written.trimStart().startsWith(thought) && opens(prompt)
    return { prompt: opened ? prompt : whole.slice(0, common), text: written }
  } catch {
    return undefined
  }
}

/** An answer as it is read; what ends a turn is no part of its text. */
function read(dialect: Dialect, prompt: string, answer: string, size: number) {
  const parser = dialect.parser({ prompt, tools: TOOLS, newId: () => 'new' })
  const found = { calls: [] as Call[], thought: '', text: '' }
  const characters = Array.from(answer)
  const pieces: string[] = []
  for (let i = 0; i < characters.length; i += size) pieces.push(characters.slice(i, i + size).join(''))
  for (const part of [...pieces.flatMap((piece) => parser.push(piece)), ...parser.flush()]) {
    if (part.kind === 'tool-call')
      found.calls.push([part.call.name, JSON.parse(part.call.arguments) as Record<string, unknown>])
    else if (part.kind === 'reasoning') found.thought += part.text
    else found.text += part.text
  }
  const text = (dialect.stopMarkers ?? []).reduce((rest, mark) => rest.replaceAll(mark, ''), found.text)
  return { ...found, text: text.replace(TURN_END, '').trim() }
}

/** Marks of a turn's end and of the beginning of the next, in any family's hand; never a mark of a call or a thought. */
const TURN_END =
  /(?:\s|<[|｜/]?(?!tool|function|parameter|arg|think|invoke|param)[\w:▁-]+[|｜]?>|<\[e~\[|\[e~\[|User:|Assistant)*$/u

/** Whether the grammar of a required call allows what the dialect says it makes, and that is read back; undefined without calls. */
export async function throughGrammar(
  source: string,
  name: string,
  { dialect }: RoundTrip,
): Promise<boolean | undefined> {
  const syntax = dialect.toolSyntax?.(TOOLS)
  if (!syntax) return undefined
  const calls = syntax.parallel ? [CLOCK, TRAIN, BELL] : [TRAIN]
  const made = callsText(syntax, calls, idsOf(dialect)[0])
  const prompt = promptFor(source, name)
  const isBack = [made.length, 1, 7].every((size) =>
    isDeepStrictEqual(read(dialect, prompt, made, size), { calls, thought: '', text: '' }),
  )
  return isBack && (await required(dialect)).accepts(made)
}

const required = (dialect: Dialect): Promise<CompiledGrammar> =>
  compileGrammar({ kind: 'tool-calls', tools: TOOLS, must: true, parallel: true }, { dialect })

function promptFor(source: string, name: string): string {
  try {
    const template = jinjaTemplate(source, TOKENS, name)
    return template.render([{ role: 'user', content: 'Hi' }], { addGenerationPrompt: true, tools: TOOLS })
  } catch {
    return ''
  }
}

/** Whether the grammar of a required call allows a turn as the template writes it, up to the turn's end; undefined where it writes none. */
export async function ownTextAllowed(
  source: string,
  name: string,
  { dialect }: RoundTrip,
): Promise<boolean | undefined> {
  const render = renderOf(source, name, dialect)
  const syntax = dialect.toolSyntax?.(TOOLS)
  const two = syntax?.parallel ? turnText(render, dialect, TURNS['two']!) : undefined
  const turn = two ?? turnText(render, dialect, TURNS['nested']!)
  if (!syntax || !turn?.text.includes('find_train')) return undefined
  const grammar = await required(dialect)
  const first = turn.text.includes('station_clock') ? 'station_clock' : 'find_train'
  const lead = (syntax.before + syntax.begin(first, 0)).split('$id')[0]!.trim()
  const start = turn.text.indexOf(/^<[^<>\s]+>/.exec(lead)?.[0] ?? lead.slice(0, 12))
  if (start < 0) return false
  const text = turn.text.slice(start - /\s*$/.exec(turn.text.slice(0, start))![0].length)
  const end = text.length - TURN_END.exec(text)![0].length
  for (const one of [text, text.trimStart()])
    for (let length = one.length; length >= end - 40 && length > 0; length--)
      if (grammar.accepts(one.slice(0, length))) return true
  return false
}
