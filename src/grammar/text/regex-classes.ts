/** Characters and classes of a regular expression to sets, as ECMAScript has them with the flags u, v, i and s. */
import type { AST } from '@eslint-community/regexpp'
import { complement, intersection, LAST_CODE, normalized, type CodeRanges } from '../syntax/characters.js'
import { classRanges, difference, DIGIT, ignoringCase, LINE_ENDS, propertyRanges, SPACE, WORD } from './unicode.js'

export interface ClassMode {
  readonly unicode: 'none' | 'u' | 'v'
  readonly ignoreCase: boolean
  readonly dotAll: boolean
  readonly dialect: Dialect
}

/** Whose `\d`, `\w`, `\s` and `.` are meant: ECMAScript's, or those of Rust and Python, which know all of Unicode. */
export type Dialect = 'ecmascript' | 'rust'

/** What a class matches: characters, and with the flag v also texts of none or several. */
export interface ClassSet {
  readonly ranges: CodeRanges
  readonly strings: ReadonlySet<string>
}

export type Fail = (node: AST.Node, what: string) => never
type SetNode = AST.Character | AST.CharacterSet | AST.CharacterClass | AST.ExpressionCharacterClass
type ClassNode =
  SetNode | AST.CharacterClassRange | AST.ClassStringDisjunction | AST.ClassIntersection | AST.ClassSubtraction

const ALL: CodeRanges = [[0, LAST_CODE]]
const RUST_WORD = '[\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\p{Join_Control}]'
const NO_STRINGS: ReadonlySet<string> = new Set()

/** What `node` matches. `fail` is called for what is not supported. */
export function classSet(node: SetNode, mode: ClassMode, fail: Fail): ClassSet {
  return new Classes(mode, fail).closed(node)
}

/** The characters of `\w`, between which and others `\b` stands. */
export function wordCharacters(mode: ClassMode): CodeRanges {
  if (mode.dialect === 'rust') return classRanges(RUST_WORD)
  return mode.ignoreCase && mode.unicode !== 'none' ? ignoringCase(WORD, 'unicode') : WORD
}

/** The characters that `.` does not match, and after which a line begins. */
export function lineEnds(mode: ClassMode): CodeRanges {
  return mode.dialect === 'rust' ? [[10, 10]] : LINE_ENDS
}

class Classes {
  constructor(
    private readonly mode: ClassMode,
    private readonly fail: Fail,
  ) {}

  /** With all that are equal to what `node` names, where case is ignored. */
  closed(node: SetNode): ClassSet {
    const { ranges, strings } = this.set(node)
    // `[^a]` is closed before it is negated.
    return node.type === 'CharacterClass' && node.negate ? { ranges, strings } : { ranges: this.fold(ranges), strings }
  }

  private set(node: ClassNode): ClassSet {
    switch (node.type) {
      case 'Character':
        return this.leaf([[this.code(node), node.value]])
      case 'CharacterClassRange':
        return this.leaf([[this.code(node.min), this.code(node.max)]])
      case 'CharacterSet':
        return this.leaf(this.named(node))
      case 'ClassStringDisjunction':
        return this.disjunction(node)
      case 'CharacterClass':
        return this.negated(node.negate, union(node.elements.map((element) => this.set(element))))
      case 'ExpressionCharacterClass':
        return this.negated(node.negate, this.set(node.expression))
      case 'ClassIntersection':
      case 'ClassSubtraction':
        return this.combined(node)
    }
  }

  private combined(node: AST.ClassIntersection | AST.ClassSubtraction): ClassSet {
    const [left, right] = [this.set(node.left), this.set(node.right)]
    const keep = node.type === 'ClassIntersection'
    const ranges = keep ? intersection(left.ranges, right.ranges) : difference(left.ranges, right.ranges)
    return { ranges, strings: new Set([...left.strings].filter((string) => right.strings.has(string) === keep)) }
  }

  /** With the flag v sets are folded at once, so that set operations compare what is equal. */
  private leaf(ranges: CodeRanges): ClassSet {
    return { ranges: this.mode.unicode === 'v' ? this.fold(ranges) : ranges, strings: NO_STRINGS }
  }

  private fold(ranges: CodeRanges): CodeRanges {
    return this.mode.ignoreCase ? ignoringCase(ranges, this.mode.unicode === 'none' ? 'legacy' : 'unicode') : ranges
  }

  private negated(negate: boolean, set: ClassSet): ClassSet {
    return negate ? { ranges: complement(this.fold(set.ranges)), strings: NO_STRINGS } : set
  }

  private code(node: AST.Character): number {
    const surrogate = node.value >= 0xd800 && node.value <= 0xdfff
    if (surrogate && this.mode.unicode === 'none')
      this.fail(node, 'half of a character; write the pattern so that it is valid with the flag u')
    return node.value
  }

  private disjunction(node: AST.ClassStringDisjunction): ClassSet {
    const texts = node.alternatives.map(({ elements }) => elements.map(({ value }) => value))
    if (this.mode.ignoreCase && texts.some((codes) => codes.length > 1))
      this.fail(node, 'texts in a class where case is ignored are not supported; write them as alternatives')
    const single = texts.filter((codes) => codes.length === 1).map(([code]) => [code!, code!] as const)
    const strings = texts.filter((codes) => codes.length !== 1).map((codes) => String.fromCodePoint(...codes))
    return { ranges: this.leaf(normalized(single)).ranges, strings: new Set(strings) }
  }

  private named(node: AST.CharacterSet): CodeRanges {
    if (node.kind === 'any') return this.mode.dotAll ? ALL : complement(lineEnds(this.mode))
    const ranges = this.positive(node)
    return node.negate ? complement(this.mode.unicode === 'v' ? this.fold(ranges) : ranges) : ranges
  }

  private escape(kind: AST.EscapeCharacterSet['kind']): CodeRanges {
    const rust = this.mode.dialect === 'rust'
    if (kind === 'digit') return rust ? classRanges('\\p{Nd}') : DIGIT
    if (kind === 'space') return rust ? classRanges('\\p{White_Space}') : SPACE
    return wordCharacters(this.mode)
  }

  private positive(node: AST.EscapeCharacterSet | AST.UnicodePropertyCharacterSet): CodeRanges {
    if (!('key' in node)) return this.escape(node.kind)
    if (node.strings) this.fail(node, `${node.raw} has texts of several characters, which are not supported`)
    const ranges = propertyRanges(node.value === null ? node.key : `${node.key}=${node.value}`)
    return ranges ?? this.fail(node, `${node.raw} is not known to this runtime`)
  }
}

function union(sets: readonly ClassSet[]): ClassSet {
  return {
    ranges: normalized(sets.flatMap(({ ranges }) => ranges)),
    strings: new Set(sets.flatMap(({ strings }) => [...strings])),
  }
}
