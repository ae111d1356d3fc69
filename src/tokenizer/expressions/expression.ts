/** Expressions that cut texts, of tokenizers' files and of ours. */
import { machine, type Find } from './machine.js'
import { native } from './native.js'
import { PUBLISHED } from './published.js'
import { parseExpression } from './syntax.js'

/** Who wrote it. */
export type Origin = 'ours' | 'file'

export interface Expression {
  /** All matches from the left to the right, empty ones too. @throws RangeError for a text that would take too long. */
  matches(text: string): (readonly [start: number, end: number])[]
}

/**
 * An expression in Oniguruma's syntax. Published ones run in the engine of JavaScript; others, whose cost nobody has looked
 * at, on a machine that needs time in proportion to the text.
 * @throws SyntaxError for what is no expression, or one of a kind that is not read
 */
export function expression(source: string, origin: Origin): Expression {
  const node = parseExpression(source)
  return expressionOf(origin === 'ours' || PUBLISHED.has(source) ? native(node) : machine(node))
}

/** A text, found wherever it stands. */
export function literalExpression(part: string): Expression {
  return expressionOf((text, from) => {
    const start = text.indexOf(part, from)
    return start < 0 || part === '' ? undefined : [start, start + part.length]
  })
}

function expressionOf(find: Find): Expression {
  return {
    matches(text) {
      const found: (readonly [number, number])[] = []
      let end: number | undefined
      for (let from = 0; from <= text.length;) {
        const match = find(text, from)
        if (!match) break
        // As the reference's iterator: no empty match where the last one ended.
        if (match[0] === match[1] && match[1] === end) {
          from += text.codePointAt(from)! > 0xffff ? 2 : 1
          continue
        }
        found.push(match)
        from = end = match[1]
      }
      return found
    },
  }
}
