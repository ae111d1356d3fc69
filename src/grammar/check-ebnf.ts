/** Reads a grammar that a user wrote, so that xgrammar only gets what it can parse. */
import { invalidGrammar } from './ebnf.js'

/** Longer grammars are refused. */
export const MAX_GRAMMAR = 256 * 1024
const TOKENS =
  /\s+|#[^\n]*|(?<rule>[A-Za-z_][\w.-]*)\s*::=|(?<name>[A-Za-z_][\w.-]*)|(?<string>"(?:[^"\\\n]|\\(?:["\\'nrtbf/]|x[\da-fA-F]{1,8}|u[\da-fA-F]{4}|U[\da-fA-F]{8}))*")|(?<class>\[\^?(?:[^\]\\\n]|\\(?:[\]\\[^\-"'nrtbf/]|x[\da-fA-F]{1,8}|u[\da-fA-F]{4}|U[\da-fA-F]{8}))*\])|(?<repeat>[*+?]|\{\s*\d{1,5}\s*(?:,\s*(?:\d{1,5})?\s*)?\})|(?<open>\()|(?<close>\))|(?<or>\|)/y

/**
 * @returns the grammar as it is
 * @throws UserError invalid_grammar with the line, when it is not EBNF, names a rule that is missing, or has no rule `root`
 */
export function checkEbnf(text: string): string {
  if (text.length > MAX_GRAMMAR)
    throw invalidGrammar(`it has ${text.length} characters; at most ${MAX_GRAMMAR} are allowed`)
  const defined = new Set<string>()
  const used = new Map<string, number>()
  let depth = 0
  /** What stands before: nothing yet in this alternative, something that may be repeated, or a repetition. */
  let before: 'nothing' | 'element' | 'repetition' = 'nothing'
  TOKENS.lastIndex = 0
  while (TOKENS.lastIndex < text.length) {
    const at = TOKENS.lastIndex
    const fail = (what: string): never => {
      throw invalidGrammar(`line ${text.slice(0, at).split('\n').length}: ${what}`)
    }
    const groups = TOKENS.exec(text)?.groups
    if (!groups)
      return fail(`expected a rule, a name, a "string", a [class] or an operator, found ${text.slice(at, at + 20)}`)
    const { rule, name, string, class: set, repeat, open, close, or } = groups
    if (rule !== undefined) {
      if (depth > 0) fail('a bracket is not closed before the next rule')
      if (defined.has(rule)) fail(`rule ${rule} is there twice`)
      if (defined.size > 0 && before === 'nothing') fail('the rule before is empty; write ""')
      defined.add(rule)
      before = 'nothing'
      continue
    }
    const any = name ?? string ?? set ?? repeat ?? open ?? close ?? or
    if (any === undefined) continue
    if (defined.size === 0) fail('expected a rule: name ::= ...')
    if (name !== undefined) used.set(name, at)
    if (set !== undefined) checkClass(set, fail)
    if ((repeat ?? close ?? or) !== undefined && before === 'nothing') fail(`nothing stands before ${any}`)
    if (repeat !== undefined && before === 'repetition') fail('a repetition is repeated; use brackets')
    if (repeat !== undefined) checkRepeat(repeat, fail)
    if (open !== undefined && ++depth > 200) fail('brackets are nested too deeply')
    if (close !== undefined && --depth < 0) fail('a bracket is closed that was not opened')
    before = (open ?? or) !== undefined ? 'nothing' : repeat !== undefined ? 'repetition' : 'element'
  }
  if (depth > 0 || (defined.size > 0 && before === 'nothing')) throw invalidGrammar('it ends in the middle of a rule')
  for (const name of used.keys()) if (!defined.has(name)) throw invalidGrammar(`rule ${name} is used and not defined`)
  if (!defined.has('root')) throw invalidGrammar('expected a rule called root')
  return text
}

function checkClass(set: string, fail: (what: string) => never): void {
  const inside = set.slice(set.startsWith('[^') ? 2 : 1, -1)
  if (inside === '') fail('a character class is empty')
  const item = /\\(?:x[\da-fA-F]+|u[\da-fA-F]{4}|U[\da-fA-F]{8}|.)|[^]/gu
  const items = [...inside.matchAll(item)].map(([text]) => text)
  items.forEach((text, i) => {
    if (text !== '-' || i === 0 || i === items.length - 1) return
    if (codeOf(items[i - 1]!) > codeOf(items[i + 1]!)) fail(`the range ${items[i - 1]}-${items[i + 1]} does not rise`)
  })
}

function codeOf(item: string): number {
  const hex = /^\\[xuU]([\da-fA-F]+)$/.exec(item)
  if (hex) return parseInt(hex[1]!, 16)
  const control: Partial<Record<string, number>> = { '\\n': 10, '\\r': 13, '\\t': 9, '\\b': 8, '\\f': 12 }
  return control[item] ?? (item.length > 1 && item.startsWith('\\') ? item.codePointAt(1)! : item.codePointAt(0)!)
}

function checkRepeat(repeat: string, fail: (what: string) => never): void {
  const [least, most] = [...repeat.matchAll(/\d+/g)].map(([n]) => Number(n))
  if (least !== undefined && most !== undefined && least > most) fail(`${repeat}: the counts do not rise`)
}
