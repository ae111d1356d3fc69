/** Decimal digits between bounds, as nodes. */
import { chars, choice, EMPTY, NEVER, optional, repeat, sequence, text, type Node } from '../../syntax/nodes.js'

export const DIGIT = chars([[48, 57]])
const NOT_ZERO = chars([[49, 57]])

/** Whole numbers from `low`, which is not negative, to `high`, without zeros before them. */
export function wholesBetween(low: bigint, high: bigint): Node {
  if (low > high) return NEVER
  const [from, to] = [low.toString(), high.toString()]
  if (from.length === to.length) return sameLength(from, to)
  const between = from.length + 1 < to.length ? sequence(NOT_ZERO, repeat(DIGIT, from.length, to.length - 2)) : NEVER
  return choice([sameLength(from, '9'.repeat(from.length)), between, sameLength(`1${'0'.repeat(to.length - 1)}`, to)])
}

/** Texts of digits from `from` to `to`, all equally long. */
function sameLength(from: string, to: string): Node {
  return range(from, to, 0, (left) => repeat(DIGIT, left, left))
}

/**
 * Decimal numbers from `low` to `high`, not negative, in units of ten to the power of `-places`, written with up to `places` decimals.
 */
export function decimalsBetween(low: bigint, high: bigint, places: number): Node {
  if (low > high) return NEVER
  if (places === 0) return wholesBetween(low, high)
  const unit = 10n ** BigInt(places)
  const [first, last] = [low / unit, high / unit]
  const [from, to] = [low % unit, high % unit].map((rest) => rest.toString().padStart(places, '0')) as [string, string]
  if (first === last) return sequence(text(first.toString()), fraction(from, to))
  const free = fraction('0'.repeat(places), '9'.repeat(places))
  const lowFree = /^0*$/.test(from)
  const highFree = /^9*$/.test(to)
  return choice([
    lowFree ? NEVER : sequence(text(first.toString()), fraction(from, '9'.repeat(places))),
    sequence(wholesBetween(lowFree ? first : first + 1n, highFree ? last : last - 1n), free),
    highFree ? NEVER : sequence(text(last.toString()), fraction('0'.repeat(places), to)),
  ])
}

/** What may follow the whole part: a point and decimals, or nothing, which counts as zeros. */
function fraction(from: string, to: string): Node {
  if (/^0*$/.test(to)) return optional(sequence(text('.'), repeat(text('0'), 1, to.length)))
  const digits = decimalDigits(from, to)
  return /^0*$/.test(from) ? choice([EMPTY, sequence(text('.'), digits)]) : sequence(text('.'), digits)
}

/** At least one decimal. */
function decimalDigits(from: string, to: string): Node {
  const zeros = /0*$/.exec(from)![0].length
  return range(from, to, Math.max(1, from.length - zeros), (left) => repeat(DIGIT, 0, left))
}

/**
 * Digits that, with zeros for those not written, lie between `from` and `to`. `needed`: so many must be written, or the value
 * would be below `from`; `free` is what may follow where all may.
 */
function range(from: string, to: string, needed: number, free: (left: number) => Node): Node {
  const size = from.length
  // From the last digit to the first: the rest at least `from`, at most `to`, or both.
  let [least, most, both]: Node[] = [EMPTY, EMPTY, EMPTY]
  const exact = needed === 0
  for (let i = size - 1; i >= 0; i--) {
    const [a, b] = [Number(from[i]), Number(to[i])]
    const rest = free(size - i - 1)
    const after = (node: Node, must: boolean): Node => (exact || must ? node : orNothing(node))
    const mustLeast = i + 1 < needed
    const [nextLeast, nextMost] = [after(least!, mustLeast), after(most!, false)]
    const nextBoth = after(both!, mustLeast)
    both =
      a === b
        ? sequence(text(String(a)), nextBoth)
        : a > b
          ? NEVER
          : choice([
              sequence(text(String(a)), nextLeast),
              digitsThen(a + 1, b - 1, rest),
              sequence(text(String(b)), nextMost),
            ])
    least = choice([sequence(text(String(a)), nextLeast), digitsThen(a + 1, 9, rest)])
    most = choice([digitsThen(0, b - 1, rest), sequence(text(String(b)), nextMost)])
  }
  return both!
}

function orNothing(node: Node): Node {
  return node === EMPTY ? EMPTY : optional(node)
}

function digitsThen(first: number, last: number, rest: Node): Node {
  return first > last ? NEVER : sequence(first === 0 && last === 9 ? DIGIT : chars([[48 + first, 48 + last]]), rest)
}
