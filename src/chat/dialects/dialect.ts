import type { ToolDefinition } from '../message.js'

/** A call of a tool, as the model made it. */
export interface ToolCall {
  /** 0, 1, ... within the answer. */
  readonly index: number
  /** As the model wrote it, or made up where its dialect has none; a tool's message gives it back. */
  readonly id: string
  readonly name: string
  /** JSON text of an object; parsed before the call is reported. */
  readonly arguments: string
}

/**
 * A piece of an answer: what the model thinks, what it says, or a whole call. Where {@link AnswerSetup.pieces} asks for them,
 * pieces of a call's arguments come before it as they are written; not every dialect has them.
 */
export type Part =
  | { readonly kind: 'reasoning' | 'text'; readonly text: string }
  | {
      readonly kind: 'tool-input'
      readonly text: string
      readonly index: number
      readonly id: string
      readonly name: string
    }
  | { readonly kind: 'tool-call'; readonly text: ''; readonly call: ToolCall }

/** What an answer begins from. */
export interface AnswerSetup {
  /** The rendered prompt: its end says whether the answer begins inside of a reasoning block. */
  readonly prompt: string
  /** The tools that the model was told about: they give types to arguments, and bare formats are calls only where tools are. */
  readonly tools: readonly ToolDefinition[]
  /** False: what looks like a call is text as it was written, since nobody asked for calls; true by default. */
  readonly calls?: boolean
  /**
   * Give out the arguments of calls of these tools while they are read. A call that is cut off is {@link AnswerParser.partial}; one
   * whose arguments are no JSON is text too. Otherwise calls come whole, and what is none is text.
   */
  readonly pieces?: boolean
  /** Read calls also where they are not in the dialect's form, if they name one of the tools; false by default. */
  readonly nearMisses?: boolean
  /** An id for calls whose dialect has none. */
  readonly newId: () => string
}

/**
 * Splits an answer while it streams. The parts, with neighbours of one kind joined, do not depend on where the text is cut.
 * Never throws for what a model wrote: what does not parse is text.
 */
export interface AnswerParser {
  /** Where the answer is: in a thought, in its text, or elsewhere: at the beginning, between, in a call. */
  readonly place?: 'reasoning' | 'text' | 'elsewhere'
  /** What was pushed and is held back, since what follows decides about it. */
  readonly pending?: string
  /** After a cut: the call that lacks its end, as far as it came. */
  readonly partial?: ToolCall | undefined
  push(text: string): Part[]
  /** @param cut the answer did not end by itself: where there are pieces, a call that lacks its end is no text */
  flush(cut?: boolean): Part[]
}

/** How one family of models writes reasoning and tool calls. */
export interface Dialect {
  readonly name: string
  /** How it was found out, where the family is not known: said when the model is loaded. */
  readonly derived?: string
  /** Special tokens that structure an answer: the decoder gives them to the parser as text. */
  readonly markers: readonly string[]
  /** Special tokens that end an answer, in addition to those that the checkpoint names. */
  readonly stopMarkers?: readonly string[]
  parser(setup: AnswerSetup): AnswerParser
  /** What stands before the answer's text, or before its calls, after `prompt`; undefined where nothing does. */
  textStart?(prompt: string, calls: boolean): string | undefined
  /** How calls of these tools are written, for a grammar; undefined where the dialect has no calls. */
  toolSyntax?(tools: readonly ToolDefinition[]): ToolSyntax | undefined
}

/** Stands for an id in the text of a call. */
export const CALL_ID = '$id'

/**
 * The exact text of calls, for grammars. Calls come after reasoning and text, at the answer's end:
 * `before begin(name) ARGUMENTS end (between begin(name) ARGUMENTS end)* after`, then the model's stop token.
 * Special tokens are in the text by their names; {@link Dialect.markers} lists them.
 */
export interface ToolSyntax {
  readonly before: string
  /** index: 0 for the first call of the answer. Where the family has ids, `CALL_ID` is in the place of the id. */
  begin(name: string, index: number): string
  /** An expression that the ids of calls match. */
  readonly ids?: string
  readonly argumentsAs: ArgumentSyntax
  readonly end: string
  readonly between: string
  readonly after: string
  /** False where the dialect has one call in an answer. */
  readonly parallel: boolean
  /** Further beginnings that the parser takes for those of calls: a text without calls has none of them. */
  readonly alsoBegin?: readonly string[]
  /** Nothing marks a call: it is one where the answer begins with it, and what begins like none in {@link alsoBegin} is text. */
  readonly atStart?: boolean
  /** What stands around the text of an answer, where calls stand outside of it. */
  readonly text?: { readonly begin: string; readonly end: string }
  /** What stands around the messages that may come before the last, which is a call or text. */
  readonly messages?: readonly { readonly begin: string; readonly end: string }[]
  /** What begins each message after the first, where calls may come after text. */
  readonly nextMessage?: string
}

/**
 * json: a JSON object. python: `a=1, b="x"` with Python's literals, gemma: `{a:1,b:<|"|>x<|"|>}` with quotes of its own.
 * tagged: for each argument `begin(key, type) VALUE end(key)`, `between` them. A string's value is raw text that ends at `end`
 * (or JSON, where strings is 'json'); every other value is JSON, or, where there is `item`, an object is its members one after the other,
 * as arguments are, and a list its items, each as an argument of this name.
 */
export type ArgumentSyntax =
  | { readonly kind: 'json' }
  | { readonly kind: 'python' }
  | { readonly kind: 'gemma'; readonly quote: string }
  | {
      readonly kind: 'tagged'
      begin(key: string, type: JsonType): string
      end(key: string): string
      readonly between: string
      readonly strings: 'raw' | 'json'
      readonly item?: string
    }

export type JsonType = 'string' | 'number' | 'boolean' | 'null' | 'object' | 'array'
