/**
 * Calls in a form that is not the model's own: small models write the object of a call into a code fence, by itself, or between
 * the tags of another model. They are calls where they name a tool that is offered and have arguments; all else is text.
 */
import type { ToolDefinition } from '../message.js'
import { jsonText, parseJson } from '../python/json.js'
import { Dict } from '../python/values.js'
import { hasArguments, jsonMembers, memberCall } from './arguments.js'

type Reading<T> = Generator<undefined, T, undefined>

/** What is read from. */
interface Source {
  readonly setup: { readonly tools: readonly ToolDefinition[]; readonly nearMisses?: boolean }
  space(): Reading<string>
  take(literals: readonly string[]): Reading<string | undefined>
  characters(wanted: (character: string) => boolean): Reading<string>
  json(): Reading<string>
  call(name: string, args: string): void
}

export const FENCE = '```'
/** Where such a call may begin, and where it ends then. */
const ENDS: ReadonlyMap<string, string> = new Map([
  [FENCE, FENCE],
  ['<tool_call>', '</tool_call>'],
  ['<tools>', '</tools>'],
  ['<function_call>', '</function_call>'],
])

/** Beginnings that are looked for, the dialect's own among them: what stands after one of those may be in another form too. */
export function nearMarks({ nearMisses, tools }: Source['setup']): readonly string[] {
  return nearMisses && tools.length > 0 ? [...ENDS.keys()] : []
}

/** Reads calls after one of {@link nearMarks}; false where there are none. */
export function* nearMiss(source: Source, mark: string): Reading<boolean> {
  yield* source.space()
  // A fence may stand between other tags.
  const isFenced = mark === FENCE || (yield* source.take([FENCE])) !== undefined
  // Its language.
  if (isFenced) yield* source.characters((c) => /[\w+-]/.test(c))
  yield* source.space()
  const calls = yield* objects(source)
  if (calls.length === 0) return false
  if (mark !== FENCE && isFenced && (yield* source.take([FENCE])) !== undefined) yield* source.space()
  const end = yield* source.take([ENDS.get(mark) ?? FENCE])
  if (end === undefined && (yield* source.characters(() => true)).trim() !== '') return false
  for (const { name, args } of calls) source.call(name, args)
  return true
}

/** Reads calls that stand by themselves. */
export function* bareCalls(source: Source): Reading<boolean> {
  yield* source.space()
  const calls = yield* objects(source)
  for (const { name, args } of calls) source.call(name, args)
  return calls.length > 0
}

interface Found {
  readonly name: string
  readonly args: string
}

/** Objects or a list of them, one after the other; none where one of them is no call. */
function* objects(source: Source): Reading<Found[]> {
  const found: Found[] = []
  for (;;) {
    const text = yield* source.json()
    if (text === '') return found
    const calls = callsIn(text, source.setup.tools)
    if (!calls) return []
    found.push(...calls)
    yield* source.space()
    yield* source.take([',', ';'])
    yield* source.space()
  }
}

function callsIn(text: string, tools: readonly ToolDefinition[]): Found[] | undefined {
  const texts = text.startsWith('[') ? elementsOf(text) : [text]
  const calls = texts.map((one) => {
    // Around it may stand what OpenAI's API has around it.
    const members = jsonMembers(jsonMembers(one)?.get('function') ?? one)
    const call = members && hasArguments(members) ? memberCall(members) : undefined
    return call && tools.some((tool) => tool.function.name === call.name) ? call : undefined
  })
  return calls.length > 0 && calls.every((call) => call !== undefined) ? calls : undefined
}

/** The text of each object of a list, with all digits of its numbers and its keys in their order. */
function elementsOf(text: string): string[] {
  const value = parseJson(text)
  return Array.isArray(value) ? value.filter((one) => one instanceof Dict).map((one) => jsonText(one)) : []
}
