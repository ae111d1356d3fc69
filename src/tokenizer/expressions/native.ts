/** Expressions in JavaScript's own syntax, for those whose cost is known. */
import { WORD_ALONE as WORD, type Node, type Place } from './syntax.js'
import type { Find } from './machine.js'

const PLACES: Readonly<Record<Place, string>> = {
  textStart: '(?<![^])',
  textEnd: '(?![^])',
  lastLineEnd: '(?=\\n?(?![^]))',
  lineStart: '(?<![^\\n])',
  lineEnd: '(?![^\\n])',
  wordEdge: `(?:(?<=[${WORD}])(?![${WORD}])|(?<![${WORD}])(?=[${WORD}]))`,
  noWordEdge: `(?:(?<=[${WORD}])(?=[${WORD}])|(?<![${WORD}])(?![${WORD}]))`,
}

/** The engine's own search. */
export function native(node: Node): Find {
  const pattern = new RegExp(new Writer().write(node), 'gv')
  return (text, from) => {
    pattern.lastIndex = from
    const found = pattern.exec(text)
    return found ? [found.index, found.index + found[0].length] : undefined
  }
}

class Writer {
  private groups = 0

  write(node: Node): string {
    switch (node.kind) {
      case 'set':
        return node.set
      case 'sequence':
        return node.parts.map((part) => this.write(part)).join('')
      case 'choice':
        return `(?:${node.options.map((option) => this.write(option)).join('|')})`
      case 'repeat':
        return `(?:${this.write(node.body)}){${node.least},${node.most === Infinity ? '' : node.most}}${node.lazy ? '?' : ''}`
      case 'look':
        return `(?${node.behind ? '<' : ''}${node.negated ? '!' : '='}${this.write(node.body)})`
      case 'atomic': {
        // What a look ahead has found is not tried in another way.
        const group = ++this.groups
        return `(?=(${this.write(node.body)}))\\${group}`
      }
      case 'place':
        return PLACES[node.place]
    }
  }
}
