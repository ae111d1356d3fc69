import { z } from 'zod'

/** The APIs that a row of the table is about. */
export type Api =
  | 'chat'
  | 'completions'
  | 'responses'
  | 'embeddings'
  | 'messages'
  | 'tokens'
  | 'ollama'
  | 'ollama-embed'
  | 'ollama-show'

/**
 * Something that clients send and that cannot change an answer here: it is accepted, named in the response's header
 * x-kaiyuan-ignored and once in the log, and refused by a strict server.
 */
export interface IgnoredField {
  readonly apis: readonly Api[]
  /** As in the request, with a dot for what is in another: `text.verbosity`. */
  readonly field: string
  /** The values that are accepted; others would ask for something that is not done. */
  readonly schema: z.ZodType
  readonly why: string
  /** True for a value that says what is done anyway; it is not named. */
  readonly holds?: (value: unknown) => boolean
}

const text = z.string()
const object = z.record(z.string(), z.unknown())
const flag = z.boolean()
const is =
  (...values: unknown[]) =>
  (value: unknown): boolean =>
    values.includes(value)

const ANSWERS = ['chat', 'completions', 'responses'] as const

/** Of several APIs. */
export const ignoredByAll: readonly IgnoredField[] = [
  {
    apis: [...ANSWERS, 'embeddings'],
    field: 'user',
    schema: text,
    why: 'users are told apart by their keys or addresses',
  },
  {
    apis: ANSWERS,
    field: 'safety_identifier',
    schema: text,
    why: 'users are told apart by their keys or addresses',
  },
  {
    apis: [...ANSWERS, 'messages'],
    field: 'metadata',
    schema: z.record(z.string(), z.unknown()),
    why: 'it is a note of the client for itself',
  },
  {
    apis: [...ANSWERS, 'messages'],
    field: 'service_tier',
    schema: text,
    why: 'all requests are of one tier',
    holds: is('auto', 'default', 'standard_only'),
  },
  {
    apis: [...ANSWERS, 'messages'],
    field: 'priority',
    schema: z.number(),
    why: 'clients take turns',
  },
  { apis: ANSWERS, field: 'prompt_cache_key', schema: text, why: 'every prefix is cached' },
  { apis: ANSWERS, field: 'prompt_cache_retention', schema: text, why: 'every prefix is cached' },
  { apis: ANSWERS, field: 'prompt_cache_options', schema: object, why: 'every prefix is cached' },
  { apis: ANSWERS, field: 'cache_prompt', schema: flag, why: 'every prefix is cached', holds: is(true) },
]

/** What is not done, with the values that say so: defaults of vLLM and llama.cpp, which some clients always send. */
const OFF: readonly [field: string, schema: z.ZodType][] = [
  ['min_tokens', z.literal(0, 'only 0, which is off, is supported')],
  ['typical_p', z.literal(1, 'only 1, which is off, is supported')],
  ['length_penalty', z.literal(1, 'only 1, which is off, is supported')],
  ['use_beam_search', z.literal(false, 'only false is supported')],
  ['include_stop_str_in_output', z.literal(false, 'only false is supported')],
  ['return_token_ids', z.literal(false, 'only false is supported')],
]

/** Of chat completions and completions, and what vLLM, SGLang and llama.cpp add to them. */
export const ignoredByOpenAi: readonly IgnoredField[] = [
  { apis: ['chat'], field: 'verbosity', schema: text, why: 'no model here has such a setting', holds: is('medium') },
  { apis: ['chat'], field: 'store', schema: flag, why: 'chat completions are not stored', holds: is(false) },
  { apis: ['chat'], field: 'prediction', schema: object, why: 'it may make an answer faster, never another' },
  {
    apis: ['chat'],
    field: 'modalities',
    schema: z.array(z.literal('text', 'only text is supported')),
    why: 'answers are text',
    holds: () => true,
  },
  { apis: ['chat'], field: 'web_search_options', schema: object, why: 'the model is not told about a search' },
  { apis: ['chat'], field: 'client_metadata', schema: object, why: 'it is a note of the client for itself' },
  { apis: ['chat'], field: 'moderation', schema: object, why: 'nothing is moderated' },
  {
    apis: ['chat', 'completions', 'responses'],
    field: 'stream_options.include_obfuscation',
    schema: flag,
    why: 'the padding that it is about is not sent',
  },
  {
    apis: ['chat', 'completions'],
    field: 'stream_options.continuous_usage_stats',
    schema: flag,
    why: 'tokens are counted at the end of a stream',
    holds: is(false),
  },
  { apis: ['chat', 'completions'], field: 'request_id', schema: text, why: 'the server gives its own' },
  { apis: ['chat', 'completions'], field: 'timings_per_token', schema: flag, why: 'it is about diagnosis' },
  {
    apis: ['chat', 'completions'],
    field: 'skip_special_tokens',
    schema: z.literal(true, 'special tokens are never shown; leave skip_special_tokens out'),
    why: 'special tokens are never shown',
    holds: () => true,
  },
  {
    apis: ['chat', 'completions'],
    field: 'spaces_between_special_tokens',
    schema: flag,
    why: 'special tokens are never shown',
    holds: is(true),
  },
  {
    apis: ['chat'],
    field: 'separate_reasoning',
    schema: z.literal(true, 'reasoning is always given apart; leave separate_reasoning out'),
    why: 'reasoning is always given apart',
    holds: () => true,
  },
  {
    apis: ['chat'],
    field: 'parse_tool_calls',
    schema: z.literal(true, 'calls are always read; leave parse_tool_calls out'),
    why: 'calls are always read',
    holds: () => true,
  },
  ...OFF.map(([field, schema]) => ({
    apis: ['chat', 'completions'] as const,
    field,
    schema,
    why: 'only the value that is off is taken',
    holds: () => true,
  })),
]

/** Of responses. */
export const ignoredByResponses: readonly IgnoredField[] = [
  {
    apis: ['responses'],
    field: 'text.verbosity',
    schema: text,
    why: 'no model here has such a setting',
    holds: is('medium'),
  },
  {
    apis: ['responses'],
    field: 'reasoning.mode',
    schema: text,
    why: 'no model here has such a setting',
    holds: is('standard'),
  },
  {
    apis: ['responses'],
    field: 'reasoning.context',
    schema: z.enum(['auto', 'current_turn', 'all_turns']),
    why: 'the chat template says which earlier thoughts the model reads',
    holds: is('auto'),
  },
  {
    apis: ['responses'],
    field: 'truncation',
    schema: z.enum(['auto', 'disabled']),
    why: 'nothing is dropped: a prompt that does not fit is refused',
    holds: is('disabled'),
  },
  {
    apis: ['responses'],
    field: 'context_management',
    schema: z.union([object, z.array(object)]),
    why: 'the conversation is taken as it is',
  },
  { apis: ['responses'], field: 'client_metadata', schema: object, why: 'it is a note of the client for itself' },
  { apis: ['responses'], field: 'moderation', schema: object, why: 'nothing is moderated' },
  {
    apis: ['responses'],
    field: 'background',
    schema: z.literal(false, 'responses are made while the client waits; leave background out'),
    why: 'responses are made while the client waits',
    holds: () => true,
  },
  {
    apis: ['responses'],
    field: 'stream_options.include_usage',
    schema: flag,
    why: 'every response has its usage',
    holds: is(true),
  },
]

/** Of Anthropic's messages. */
export const ignoredByMessages: readonly IgnoredField[] = [
  {
    apis: ['messages'],
    field: 'context_management',
    schema: object,
    why: 'the conversation is taken as it is',
  },
  {
    apis: ['messages'],
    field: 'mcp_servers',
    schema: z.array(z.unknown()).max(0, 'no server of MCP is called from here; send its tools'),
    why: 'an empty list asks for nothing',
    holds: () => true,
  },
  { apis: ['messages'], field: 'betas', schema: z.array(text), why: 'what is here needs no permission' },
  { apis: ['messages'], field: 'speed', schema: text, why: 'all requests are of one speed', holds: is('standard') },
  { apis: ['messages'], field: 'diagnostics', schema: object, why: 'it is about diagnosis' },
  {
    apis: ['messages'],
    field: 'fallbacks',
    schema: z.union([text, z.array(object)]),
    why: 'no request is declined, so that no other model is asked',
  },
  { apis: ['messages'], field: 'billing_policy', schema: object, why: 'nothing is billed' },
  { apis: ['messages'], field: 'inference_geo', schema: text, why: 'the model runs where the server is' },
  {
    apis: ['messages'],
    field: 'thinking.budget_tokens',
    schema: z.int().min(1),
    why: 'max_tokens counts thinking too',
  },
  { apis: ['messages'], field: 'thinking.display', schema: text, why: 'thinking is shown as it is' },
  {
    apis: ['messages'],
    field: 'output_config.task_budget',
    schema: object,
    why: 'max_tokens counts thinking too',
  },
  {
    apis: ['messages'],
    field: 'cache_control',
    schema: z.unknown(),
    why: 'every prefix is cached',
    holds: () => true,
  },
]
