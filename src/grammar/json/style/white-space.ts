/** What stands between the tokens of JSON. A level is how deep a container is nested, where that counts. */
import { chars, choice, EMPTY, repeat, rule, sequence, text, type Node } from '../../syntax/nodes.js'
import { MOST_BLANKS, MOST_INDENTED, type JsonOptions } from './options.js'

export interface Layout {
  /** The level of what stands inside. */
  inner(level: number): number
  /** After the bracket that opens, where something follows. */
  open(level: number): Node
  /** Before the bracket that closes, where something stands before it. */
  close(level: number): Node
  /** Between the brackets of what is empty. */
  readonly empty: Node
  separator(level: number): Node
  /** After a name, and what may follow it. */
  readonly colon: string
  readonly gap: Node
}

export function layoutOf(whiteSpace: JsonOptions['whiteSpace']): Layout {
  if (whiteSpace === 'compact') return even(EMPTY, text(','), ':', EMPTY)
  if (whiteSpace === 'spaced') return even(EMPTY, text(', '), ': ', EMPTY)
  if (whiteSpace === 'flexible') {
    const blanks = repeat(chars([[9, 9], [32, 32]]), 0, MOST_BLANKS) // prettier-ignore
    const space = rule('space', () => choice([EMPTY, text(' '), sequence(text('\n'), blanks)]))
    return even(space, sequence(text(','), space), ':', space)
  }
  return indented(typeof whiteSpace === 'number' ? ' '.repeat(whiteSpace) : whiteSpace)
}

function even(space: Node, separator: Node, colon: string, gap: Node): Layout {
  const [inner, all] = [(level: number): number => level, (): Node => space]
  return { inner, open: all, close: all, empty: space, separator: () => separator, colon, gap }
}

/** As JSON.stringify indents; compact where it is nested too deeply. */
function indented(unit: string): Layout {
  const line = (level: number): string => (level > MOST_INDENTED ? '' : `\n${unit.repeat(level)}`)
  return {
    inner: (level) => Math.min(level + 1, MOST_INDENTED),
    open: (level) => text(line(level + 1)),
    close: (level) => text(level >= MOST_INDENTED ? '' : line(level)),
    empty: EMPTY,
    separator: (level) => text(`,${line(level + 1)}`),
    colon: ': ',
    gap: EMPTY,
  }
}
