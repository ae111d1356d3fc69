import { frame } from '../../http/events.js'
import type { ResponseEvent } from './items.js'

type Item = Readonly<Record<string, unknown>>
type Events = Generator<ResponseEvent, void, undefined>

/**
 * A response that has ended, as the stream of its events: each text, and the arguments of each call, in one piece.
 * `after` is the number of the last event that the client has.
 */
export async function* retold(body: Item, after = -1): AsyncGenerator<string, void, undefined> {
  await Promise.resolve()
  let number = 0
  for (const event of eventsOf(body)) {
    if (number > after) yield frame({ ...event, sequence_number: number }, event.type)
    number++
  }
}

function* eventsOf(body: Item): Events {
  const begun = { ...body, status: 'in_progress', completed_at: null, output: [], usage: null }
  yield { type: 'response.created', response: begun }
  yield { type: 'response.in_progress', response: begun }
  for (const [index, item] of partsOf(body['output']).entries()) {
    yield { type: 'response.output_item.added', output_index: index, item: emptied(item) }
    yield* inside(item, { item_id: item['id'], output_index: index })
    yield { type: 'response.output_item.done', output_index: index, item }
  }
  yield { type: `response.${String(body['status'])}`, response: body }
}

/** Where the text of a call lies, and how its events are called. */
const CALLS: Readonly<Record<string, readonly [field: 'arguments' | 'input', event: string]>> = {
  function_call: ['arguments', 'function_call_arguments'],
  custom_tool_call: ['input', 'custom_tool_call_input'],
  mcp_call: ['arguments', 'mcp_call_arguments'],
}

/** An item before anything was in it. */
function emptied(item: Item): Item {
  const [field] = CALLS[String(item['type'])] ?? []
  const parts = ['content', 'summary'].filter((name) => Array.isArray(item[name]))
  return {
    ...item,
    ...Object.fromEntries(parts.map((name) => [name, []])),
    ...(field && { [field]: '' }),
    ...(item['type'] === 'mcp_call' && { output: null, error: null }),
    ...(item['type'] === 'mcp_list_tools' && { tools: [] }),
    ...('status' in item && { status: 'in_progress' }),
  }
}

function* inside(item: Item, place: Item): Events {
  const type = String(item['type'])
  // What a server of tools does has events for its beginning and its end.
  const hosted = type === 'mcp_call' || type === 'mcp_list_tools'
  if (hosted) yield { type: `response.${type}.in_progress`, ...place }
  const call = CALLS[type]
  if (call) {
    const [field, event] = call
    const text = item[field]
    const name = event === 'function_call_arguments' ? { name: item['name'] } : {}
    yield { type: `response.${event}.delta`, ...place, delta: text }
    yield { type: `response.${event}.done`, ...place, ...name, [field]: text }
  }
  // A call that was cut off was never made.
  if (hosted && item['status'] !== 'incomplete')
    yield { type: `response.${type}.${item['status'] === 'failed' ? 'failed' : 'completed'}`, ...place }
  for (const [i, part] of partsOf(item['summary']).entries())
    yield* partOf(part, 'reasoning_summary_part', { ...place, summary_index: i })
  for (const [i, part] of partsOf(item['content']).entries())
    yield* partOf(part, 'content_part', { ...place, content_index: i })
}

/** What the events of a part's text are called. */
const TEXTS: Readonly<Record<string, string>> = {
  output_text: 'output_text',
  reasoning_text: 'reasoning_text',
  summary_text: 'reasoning_summary_text',
}

function* partOf(part: Item, event: string, place: Item): Events {
  const { text, logprobs } = part
  const texts = TEXTS[String(part['type'])]
  yield { type: `response.${event}.added`, ...place, part: texts ? { ...part, text: '' } : part }
  if (texts) {
    const likely = logprobs === undefined ? {} : { logprobs }
    yield { type: `response.${texts}.delta`, ...place, delta: text, ...likely }
    yield { type: `response.${texts}.done`, ...place, text, ...likely }
  }
  yield { type: `response.${event}.done`, ...place, part }
}

function partsOf(list: unknown): Item[] {
  return Array.isArray(list) ? (list as Item[]) : []
}
