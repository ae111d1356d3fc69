import {
  ignoredByAll,
  ignoredByMessages,
  ignoredByOpenAi,
  ignoredByResponses,
  type Api,
  type IgnoredField,
} from './ignored-fields.js'
import { ignoredByOllama } from './ollama/ignored-fields.js'

export type { Api } from './ignored-fields.js'

/** What is accepted and changes nothing, of all APIs. docs/server.md has a list that is made from this. */
export const IGNORED: readonly IgnoredField[] = [
  ...ignoredByAll,
  ...ignoredByOpenAi,
  ...ignoredByResponses,
  ...ignoredByMessages,
  ...ignoredByOllama,
]

/** The fields of an API for its schema; `within` names the object that holds them. Their types are of no use to handlers. */
export function ignoredFields(api: Api, within = ''): object {
  const prefix = within === '' ? '' : `${within}.`
  const own = IGNORED.filter(({ apis, field }) => apis.includes(api) && isDirectly(field, prefix))
  return Object.fromEntries(
    own.map(({ field, schema, why }) => [
      field.slice(prefix.length),
      schema.nullish().describe(`Accepted, and changes nothing: ${why}.`),
    ]),
  )
}

function isDirectly(field: string, prefix: string): boolean {
  return field.startsWith(prefix) && !field.slice(prefix.length).includes('.')
}

/** What of a checked request changes nothing, by its names. */
export function ignoredIn(api: Api, body: unknown): string[] {
  return IGNORED.filter(({ apis, field, holds }) => {
    if (!apis.includes(api)) return false
    const value = field
      .split('.')
      .reduce<unknown>((inner, key) => (inner as Record<string, unknown> | null | undefined)?.[key], body)
    return value !== undefined && value !== null && !holds?.(value)
  }).map(({ field }) => field)
}

const TITLES: Readonly<Record<Api, string>> = {
  chat: '`/v1/chat/completions`',
  completions: '`/v1/completions`',
  responses: '`/v1/responses`',
  embeddings: '`/v1/embeddings`',
  messages: '`/v1/messages`',
  tokens: '`/tokenize`, `/detokenize`',
  ollama: '`/api/chat`, `/api/generate`',
  'ollama-embed': '`/api/embed`, `/api/embeddings`',
  'ollama-show': '`/api/show`',
}

/** Kinds of things that are no fields of their own. */
export const IGNORED_KINDS: readonly { readonly apis: readonly Api[]; readonly name: string; readonly why: string }[] =
  [
    {
      apis: ['responses', 'messages', 'chat'],
      name: 'tools that a provider runs (`web_search`, `code_interpreter`, ...), while the model may choose',
      why: 'the model is not told about them, so it cannot call them',
    },
    { apis: ['messages'], name: '`redacted_thinking` in the conversation', why: 'only its author can read it' },
    {
      apis: ['responses', 'messages'],
      name: 'what a provider ran by itself (`web_search_call`, `server_tool_use`, ...) in the conversation',
      why: 'the answers that came of it stand next to it',
    },
    {
      apis: ['messages'],
      name: '`x-anthropic-billing-header`, a line with which `system` begins',
      why: 'it is for accounts, and new in every request: nothing after it would be found in the cache',
    },
    {
      apis: ['messages'],
      name: '`defer_loading`, `eager_input_streaming`, `allowed_callers` and `input_examples` of tools',
      why: 'every tool is given to the model, with its schema',
    },
  ]

/** The list of docs/server.md, in Markdown. */
export function ignoredMarkdown(): string {
  return Object.entries(TITLES)
    .map(([api, title]) => {
      const reasons = new Map<string, string[]>()
      const add = (why: string, name: string): unknown => reasons.set(why, [...(reasons.get(why) ?? []), name])
      for (const { apis, field, why } of IGNORED) if (apis.includes(api as Api)) add(why, `\`${field}\``)
      for (const { apis, name, why } of IGNORED_KINDS) if (apis.includes(api as Api)) add(why, name)
      const lines = [...reasons].map(([why, names]) => `  - ${names.join(', ')}: ${why}`)
      return [`- ${title}`, ...lines].join('\n')
    })
    .join('\n')
}
