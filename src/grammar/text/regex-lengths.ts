/** How many characters parts of a regular expression take, and which assertions can be decided within a part. */
import type { AST } from '@eslint-community/regexpp'

type Part = AST.Element | AST.Alternative
/** Those inside of a group or the like. */
type Alternatives = readonly AST.Alternative[]

/** At least this many. */
export function leastLength(node: Part): number {
  return lengthOf(node, 'least')
}

/** At most this many, which may be Infinity. */
export function mostLength(alternatives: Alternatives): number {
  return ofAlternatives(alternatives, 'most')
}

function lengthOf(node: Part, side: 'least' | 'most'): number {
  switch (node.type) {
    case 'Assertion':
    case 'Backreference':
      return 0
    case 'Alternative':
      return node.elements.reduce((sum, element) => sum + lengthOf(element, side), 0)
    case 'Group':
    case 'CapturingGroup':
      return ofAlternatives(node.alternatives, side)
    case 'Quantifier': {
      const once = lengthOf(node.element, side)
      return once === 0 ? 0 : once * (side === 'least' ? node.min : node.max)
    }
    case 'CharacterClass':
    case 'ExpressionCharacterClass':
      // With the flag v a class may have texts.
      return 'unicodeSets' in node && !node.unicodeSets ? 1 : side === 'least' ? 0 : Infinity
    default:
      return 1
  }
}

function ofAlternatives(alternatives: Alternatives, side: 'least' | 'most'): number {
  const lengths = alternatives.map((alternative) => lengthOf(alternative, side))
  return side === 'least' ? Math.min(...lengths) : Math.max(...lengths)
}

/**
 * Whether each assertion of a part asks only about characters of that part: a look-ahead no more than surely follow in it, `\b`
 * and a look-behind, which must be of one character, what surely stands before.
 * @param asksBefore whether an assertion asks about no more than the character before
 */
export function decidesAlone(node: Part, asksBefore: (node: AST.Assertion) => boolean, before = 0, after = 0): boolean {
  switch (node.type) {
    case 'Assertion':
      return assertionDecided(node, asksBefore, before, after)
    case 'Group':
    case 'CapturingGroup':
      return node.alternatives.every((alternative) => decidesAlone(alternative, asksBefore, before, after))
    case 'Quantifier':
      return decidesAlone(node.element, asksBefore, before, after)
    case 'Alternative': {
      const lengths = node.elements.map(leastLength)
      const total = lengths.reduce((sum, length) => sum + length, 0)
      let passed = 0
      return node.elements.every((element, i) => {
        const left = before + passed
        passed += lengths[i]!
        return decidesAlone(element, asksBefore, left, after + total - passed)
      })
    }
    default:
      return true
  }
}

function assertionDecided(
  node: AST.Assertion,
  asksBefore: (node: AST.Assertion) => boolean,
  before: number,
  after: number,
): boolean {
  if (node.kind === 'end') return after > 0
  if (node.kind !== 'lookahead') return asksBefore(node) && before > 0 && (node.kind !== 'word' || after > 0)
  const inside = node.alternatives.every(({ elements }) => elements.every(assertsNothing))
  return inside && mostLength(node.alternatives) <= after
}

function assertsNothing(node: AST.Element): boolean {
  if (node.type === 'Assertion') return false
  if (node.type === 'Quantifier') return assertsNothing(node.element)
  return !('alternatives' in node) || node.alternatives.every(({ elements }) => elements.every(assertsNothing))
}
