// What the model of these tests says, and the tools that it calls: three calls, each with what the one before it gave.
import { z } from 'zod'
import { callText, scriptedEngine, type Prompt, type Script } from '../server/scripted.js'
import { serve } from '../server/requests.js'
import type { TestServer } from '../server/scripted.js'
import { Tools } from './peers/given.js'

export { Tools }

export const HELLO = 'hello'
export const GREETING = 'You say hello! 你好 😀'
export const THOUGHT = 'They say hello.'
/** The answer is an object of {@link CITY_SCHEMA}. */
export const AS_OBJECT = 'Tell me of Oslo, as an object.'
export const CITY = { name: 'Oslo', people: 700_000, tags: ['cold', 'north'] }
export const CITY_SCHEMA = {
  type: 'object',
  properties: {
    name: { type: 'string' },
    people: { type: 'integer' },
    tags: { type: 'array', items: { type: 'string' } },
  },
  required: ['name', 'people', 'tags'],
  additionalProperties: false,
} as const
/** The same for clients that take types of zod. */
export const City = z.object({ name: z.string(), people: z.int(), tags: z.array(z.string()) })
/** Three calls, then {@link MAILED}. */
export const MAIL = 'Mail me the weather of Oslo.'
export const MAILED = 'I mailed you: 4 degrees in place 17.'
/** The same calls, then an object. */
export const MAIL_AS_OBJECT = 'Mail me the weather of Oslo, then tell me of it as an object.'

/** What {@link Tools.log} has after a loop. */
export const LOOP_LOG = ['find_city Oslo', 'get_weather 17', 'send_mail 4 degrees in place 17']

/** The tools for clients that take JSON schemas. */
export const TOOL_SCHEMAS = [
  { name: 'find_city', description: 'The id of a city', parameters: objectOf({ city: { type: 'string' } }) },
  { name: 'get_weather', description: 'The weather of a place', parameters: objectOf({ id: { type: 'integer' } }) },
  { name: 'send_mail', description: 'Sends a mail', parameters: objectOf({ text: { type: 'string' } }) },
] as const

function objectOf(properties: Record<string, { readonly type: 'string' | 'integer' }>) {
  return { type: 'object' as const, properties, required: Object.keys(properties), additionalProperties: false }
}

/** Runs the tool that a client was asked to. */
export function callTool(tools: Tools, name: string, args: unknown): string {
  switch (name) {
    case 'find_city':
      return tools.findCity(args as { city: string })
    case 'get_weather':
      return tools.getWeather(args as { id: number })
    case 'send_mail':
      return tools.sendMail(args as { text: string })
    default:
      throw new Error(`there is no tool ${name}`)
  }
}

/** What the tools answered since the last message of the user. */
export function resultsOf({ messages }: Prompt): string[] {
  const turn = messages.slice(messages.findLastIndex(({ role }) => role === 'user') + 1)
  return turn.filter(({ role }) => role === 'tool').map(({ content }) => content ?? '')
}

/** Plain answers, objects, and the loop of calls. */
export const mailing: Script = (prompt) => {
  if (typeof prompt === 'string') return `${HELLO}${GREETING}`
  const said = prompt.messages.findLast(({ role }) => role === 'user')?.content ?? ''
  if (said.includes('Mail me')) {
    const results = resultsOf(prompt)
    const calls = [
      (): string => callText('find_city', { city: 'Oslo' }),
      (): string => callText('get_weather', { id: Number(results[0]) }),
      (): string => callText('send_mail', { text: text(results[1]!) }),
    ]
    const call = calls[results.length]
    // This model's grammars have no place for thoughts.
    const thought = said.includes('object') ? '' : `<think>Step ${results.length}.</think>`
    if (call) return thought + call()
    if (thought !== '') return `<think>Done.</think>I mailed you: ${text(results[1]!)}.`
  }
  if (!said.includes('object')) return `<think>${THOUGHT}</think>${GREETING}`
  // Some clients ask for an object as the arguments of a tool that they make up.
  const form = prompt.tools?.find(({ function: { name } }) => TOOL_SCHEMAS.every((tool) => tool.name !== name))
  return form ? callText(form.function.name, CITY) : JSON.stringify(CITY)
}

/** Some clients send results as JSON. */
function text(result: string): string {
  return result.startsWith('"') ? (JSON.parse(result) as string) : result
}

/** A server whose only model, `scripted`, says that. */
export function serveMailing(): Promise<TestServer> {
  return serve(scriptedEngine(mailing))
}
