/**
 * How a family writes its answers, as data: what a call looks like, with places for its parts. What reads answers
 * (`answer.ts`, `read-calls.ts`) and what a grammar has to make (`syntax.ts`) both come from it.
 */

/** The marks of a thought. */
export interface ThinkTags {
  readonly open: string
  readonly close: string
}

export const THINK: ThinkTags = { open: '<think>', close: '</think>' }

/**
 * One way of writing calls: `begin CALL (between CALL)* end`. White space in it may be any or none in what a model writes.
 * In a call stand `$name`, `$arguments`, and where the family has them `$id`, or `$index` for the number of the call.
 */
export interface CallForm {
  readonly begin?: string
  readonly call: string
  readonly between?: string
  readonly end?: string
  /** The arguments: one JSON object, Python's `a=1, b="x"`, or, where there is {@link parameter}, one after the other. */
  readonly values?: 'json' | 'python'
  /** One argument: `$key`, `$value`, and where tags tell the type `$type`, or `$string` for whether it is a string. */
  readonly parameter?: string
  /** What a raw value is that the tool's schema has no type for: a string, or what it parses to. */
  readonly untyped?: 'string' | 'json'
  /** A line end at each side of a value belongs to the tags, though the family's template writes none. */
  readonly looseLines?: boolean
  /** What an id holds, such as `functions.$name:$index`: the name is in it. */
  readonly idHolds?: string
  /** What ids look like, for a grammar: an expression. */
  readonly ids?: string
  /** No token marks it: it is a call only where the model was told about tools. */
  readonly bare?: boolean
}

/** One family. */
export interface Family {
  readonly name: string
  readonly thought?: ThinkTags
  /** The first is how calls are written; the others are read too. */
  readonly calls?: readonly CallForm[]
  /** False where an answer has one call. */
  readonly parallel?: boolean
  /** What stands around the answer's text. */
  readonly text?: { readonly begin: string; readonly end: string }
  /** Further marks that are neither text nor calls. */
  readonly silent?: readonly string[]
  /** What the prompt has already of the first mark: it ends with this. */
  readonly resume?: string
  readonly stopMarkers?: readonly string[]
}

export type Slot = 'name' | 'arguments' | 'id' | 'index' | 'key' | 'value' | 'type' | 'string'

/** A piece of a form: text, a place, or a tag whose attributes are places. */
export type Piece =
  | { readonly kind: 'text'; readonly atoms: readonly string[] }
  | { readonly kind: 'slot'; readonly slot: Slot }
  | {
      readonly kind: 'tag'
      readonly atoms: readonly string[]
      readonly attributes: readonly (readonly [string, Slot])[]
    }

const PLACES = 'name|arguments|id|index|key|value|type|string'
const PIECE = new RegExp(
  `<(?<tag>[^<>="$]*?)(?<attributes>(?:\\s+[\\w-]+="\\$(?:${PLACES})")+)>|\\$(?<slot>${PLACES})`,
  'g',
)

export function piecesOf(written: string): Piece[] {
  const pieces: Piece[] = []
  let at = 0
  const text = (end: number): void => {
    const atoms = atomsOf(written.slice(at, end))
    if (atoms.length > 0) pieces.push({ kind: 'text', atoms })
  }
  for (const found of written.matchAll(PIECE)) {
    text(found.index)
    at = found.index + found[0].length
    const { tag, attributes, slot } = found.groups as { tag?: string; attributes?: string; slot?: Slot }
    if (slot !== undefined) pieces.push({ kind: 'slot', slot })
    else pieces.push({ kind: 'tag', atoms: atomsOf(`<${tag}`), attributes: attributesOf(attributes ?? '') })
  }
  text(written.length)
  return pieces
}

function attributesOf(text: string): [string, Slot][] {
  return [...text.matchAll(/([\w-]+)="\$(\w+)"/g)].map(([, name, slot]) => [name!, slot as Slot])
}

/** Tags, brackets and words: between any two of them there may be white space. */
export function atomsOf(text: string): string[] {
  return text.match(/<[^<>\s]*>|\[[A-Z_]+\]|[[\]{}(),;]|[^\s[\]{}(),;<>]+|[<>][^\s[\]{}(),;<>]*/g) ?? []
}

/** What tells that a form begins: its first mark, with what the prompt has of it already, up to where a place is. */
export function triggerOf({ begin = '', call }: CallForm, resume = ''): string {
  const written = (begin.trim() === '' ? call : begin).trim()
  const lead = written.split('$', 1)[0]!.trim()
  if (resume !== '' && lead.startsWith(resume)) return lead
  const mark = /^(?:<[^<>\s]+>|\[[A-Z_]+\])/.exec(lead)?.[0]
  if (mark !== undefined) return mark
  return /^<\S+ [\w-]+="$/.test(lead) ? lead : lead.split(/\s/, 1)[0]!
}

/** A form's text with its places filled. */
export function filled(written: string, values: Partial<Record<Slot, string>>): string {
  return written.replace(new RegExp(`\\$(${PLACES})`, 'g'), (place, slot: Slot) => values[slot] ?? place)
}

/** The marks of a family: tags without attributes and words in square brackets, which a vocabulary may have as tokens. */
export function marksOf({ thought = THINK, calls = [], text, silent = [] }: Family): string[] {
  const forms = calls.flatMap(({ begin, call, between, end, parameter }) => [begin, call, between, end, parameter])
  const all = [thought.open, thought.close, text?.begin, text?.end, ...silent, ...forms]
  const marks = all.flatMap((written) => written?.match(/<[^<>\s="'{}$]+>|\[[A-Z_]+\]|｜DSML｜/g) ?? [])
  return [...new Set(marks)]
}
