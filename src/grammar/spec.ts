import type { ToolDefinition } from '../chat/message.js'
import type { JsonStyle } from './json/style/options.js'

export type { JsonStyle }

/**
 * What an answer has to look like, after its reasoning.
 * @example
 * const date: GrammarSpec = { kind: 'regex', pattern: '\\d{4}-\\d\\d-\\d\\d' }
 * const { text } = await engine.complete('Kaiyuan began on ', { grammar: date }).result
 * console.log(/^\d{4}-\d\d-\d\d$/.test(text)) // true
 */
export type GrammarSpec =
  /** A JSON object. */
  | ({ readonly kind: 'json' } & Pick<JsonStyle, 'whiteSpace' | 'digits'>)
  /** JSON of a schema: 2020-12, or draft-07. */
  | ({ readonly kind: 'json-schema'; readonly schema: unknown } & JsonStyle)
  /** The whole answer matches: the regular part of ECMAScript's expressions, with the flag u. */
  | { readonly kind: 'regex'; readonly pattern: string }
  /** EBNF as `root ::= "a" [0-9]+ | rule`; the answer matches the rule `root`. */
  | { readonly kind: 'ebnf'; readonly grammar: string }
  /** Lark's grammars, as custom tools of OpenAI have them; the answer matches `start`. */
  | { readonly kind: 'lark'; readonly grammar: string }
  /** llama.cpp's grammars; the answer matches `root`. */
  | { readonly kind: 'gbnf'; readonly grammar: string }
  | ToolCallsSpec

/** Calls of these tools, as the model's dialect writes them. */
export interface ToolCallsSpec {
  readonly kind: 'tool-calls'
  readonly tools: readonly ToolDefinition[]
  /** True: the answer is calls and nothing else. False: it may be text, and text may stand before the calls. */
  readonly must: boolean
  /** True: no call may be made, though the model was told about the tools; the answer is text, or what `orJson` says. */
  readonly none?: boolean | undefined
  /** Whether there may be several calls. */
  readonly parallel: boolean
  /** Instead of calls the answer may be JSON of this schema, and then it is nothing else. */
  readonly orJson?: unknown
}
