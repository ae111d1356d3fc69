/** Numbers, strings and booleans under facts; those that are alike are one node. */
import { choice, NEVER, rule, text, type Node } from '../syntax/nodes.js'
import { compareDecimals, type Decimal } from './numbers/decimals.js'
import type { Facts } from './reading/facts.js'
import type { SharedNodes } from './numbers/digits.js'
import { numberNode } from './numbers/numbers.js'
import type { JsonOptions } from './style/options.js'
import { contentOf, stringNode, type StringSet } from './strings.js'
import { at, locatedIn } from './reading/refusal.js'
import { FALSE, NULL, TRUE } from './reading/values.js'

export class Leaves {
  private readonly made = new Map<string, Node>()
  private readonly ofNumbers: SharedNodes = new Map()

  constructor(private readonly options: JsonOptions) {}

  number(facts: readonly Facts[]): Node {
    const set = {
      minimum: outermost(
        facts.flatMap((own) => own.minimum ?? []),
        1,
      ),
      maximum: outermost(
        facts.flatMap((own) => own.maximum ?? []),
        -1,
      ),
      steps: facts.flatMap((own) => own.steps),
      notSteps: facts.flatMap((own) => own.notSteps),
    }
    const { digits, properties } = this.options
    return this.once(keyOf('number', set), () => {
      const node = numberNode(set, { digits, wholeExponents: properties === 'any', shared: this.ofNumbers })
      return node === NEVER ? NEVER : rule('number', () => node)
    })
  }

  string(facts: readonly Facts[]): Node {
    const set = stringSet(facts)
    return this.once(keyOf('string', set), () => locatedIn(pathOf(facts), () => stringNode(set)))
  }

  /** What stands between the quotes of a string. */
  content(facts: readonly Facts[]): Node {
    const set = stringSet(facts)
    return this.once(keyOf('content', set), () => locatedIn(pathOf(facts), () => contentOf(set)))
  }

  private once(key: string, make: () => Node): Node {
    let node = this.made.get(key)
    if (!node) this.made.set(key, (node = make()))
    return node
  }
}

export function booleans(types: number): Node {
  return choice([types & TRUE ? text('true') : NEVER, types & FALSE ? text('false') : NEVER])
}

/** The values of those types that have just one. */
export function singles(types: number): unknown[] {
  return [...(types & NULL ? [null] : []), ...(types & TRUE ? [true] : []), ...(types & FALSE ? [false] : [])]
}

function stringSet(facts: readonly Facts[]): StringSet {
  const unlike = (texts: readonly string[]): readonly string[] => (texts.length > 1 ? [...new Set(texts)] : texts)
  return {
    minLength: Math.max(0, ...facts.map((own) => own.minLength)),
    maxLength: Math.min(Infinity, ...facts.map((own) => own.maxLength)),
    patterns: unlike(facts.flatMap((own) => own.pattern ?? [])),
    notPatterns: unlike(facts.flatMap((own) => own.notPattern ?? [])),
    formats: unlike(facts.flatMap((own) => own.format ?? [])),
    notTexts: unlike(facts.flatMap((own) => own.notTexts)),
  }
}

/** Where the pattern of a string is, or the string. */
function pathOf(facts: readonly Facts[]): string {
  const own = facts.find(({ pattern }) => pattern !== undefined)
  return own ? at(own.path, 'pattern') : (facts[0]?.path ?? '#')
}

/** The greatest (1) or least (-1) of several bounds. */
function outermost(bounds: readonly Decimal[], direction: 1 | -1): Decimal | undefined {
  return bounds.reduce<Decimal | undefined>(
    (found, bound) => (found && compareDecimals(found, bound) * direction >= 0 ? found : bound),
    undefined,
  )
}

function keyOf(kind: string, set: object): string {
  // JSON has no infinite number; null is no count.
  return kind + JSON.stringify(set, (_, value: unknown) => (typeof value === 'bigint' ? value.toString() : value))
}
