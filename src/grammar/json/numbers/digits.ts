/** Decimal digits between bounds, as nodes. Bounds that end alike share their ends: all but a list of numbers has many of them. */
import { chars, choice, EMPTY, NEVER, optional, repeat, sequence, text, type Node } from '../../syntax/nodes.js'

export const DIGIT = chars([[48, 57]])
const NOT_ZERO = chars([[49, 57]])

/** Nodes of one grammar by what they stand for. */
export type SharedNodes = Map<string, Node>

/** Whole numbers from `low`, which is not negative, to `high`, without zeros before them. */
export function wholesBetween(low: bigint, high: bigint, shared: SharedNodes): Node {
  return low > high ? NEVER : once(shared, `${low}-${high}`, () => wholes(low.toString(), high.toString(), shared))
}

function wholes(from: string, to: string, shared: SharedNodes): Node {
  if (from.length === to.length) return sameLength(from, to, shared)
  const between = from.length + 1 < to.length ? sequence(NOT_ZERO, repeat(DIGIT, from.length, to.length - 2)) : NEVER
  return choice([
    sameLength(from, '9'.repeat(from.length), shared),
    between,
    sameLength(`1${'0'.repeat(to.length - 1)}`, to, shared),
  ])
}

/** Texts of digits from `from` to `to`, all equally long. */
function sameLength(from: string, to: string, shared: SharedNodes): Node {
  return range(from, to, 0, shared)
}

/**
 * Decimal numbers from `low` to `high`, not negative, in units of ten to the power of `-places`, written with up to `places` decimals.
 */
export function decimalsBetween(low: bigint, high: bigint, places: number, shared: SharedNodes): Node {
  if (low > high) return NEVER
  if (places === 0) return wholesBetween(low, high, shared)
  return once(shared, `${low}-${high}/${places}`, () => withDecimals(low, high, places, shared))
}

function withDecimals(low: bigint, high: bigint, places: number, shared: SharedNodes): Node {
  const unit = 10n ** BigInt(places)
  const [first, last] = [low / unit, high / unit]
  const [from, to] = [low % unit, high % unit].map((rest) => rest.toString().padStart(places, '0')) as [string, string]
  if (first === last) return sequence(text(first.toString()), fraction(from, to, shared))
  const free = fraction('0'.repeat(places), '9'.repeat(places), shared)
  const lowFree = /^0*$/.test(from)
  const highFree = /^9*$/.test(to)
  return choice([
    lowFree ? NEVER : sequence(text(first.toString()), fraction(from, '9'.repeat(places), shared)),
    sequence(wholesBetween(lowFree ? first : first + 1n, highFree ? last : last - 1n, shared), free),
    highFree ? NEVER : sequence(text(last.toString()), fraction('0'.repeat(places), to, shared)),
  ])
}

/** What may follow the whole part: a point and decimals, or nothing, which counts as zeros. */
function fraction(from: string, to: string, shared: SharedNodes): Node {
  if (/^0*$/.test(to)) return optional(sequence(text('.'), repeat(text('0'), 1, to.length)))
  return once(shared, `.${from}-${to}`, () => {
    const digits = sequence(text('.'), decimalDigits(from, to, shared))
    return /^0*$/.test(from) ? choice([EMPTY, digits]) : digits
  })
}

/** At least one decimal. */
function decimalDigits(from: string, to: string, shared: SharedNodes): Node {
  const zeros = /0*$/.exec(from)![0].length
  return range(from, to, Math.max(1, from.length - zeros), shared)
}

/**
 * Digits that, with zeros for those not written, lie between `from` and `to`. `needed`: this many must be written, or the value
 * would be below `from`; 0: all must.
 */
function range(from: string, to: string, needed: number, shared: SharedNodes): Node {
  const size = from.length
  const exact = needed === 0
  const end = exact ? '=' : '~'
  /** What may follow a digit where all may. */
  const free = (i: number): Node => {
    const left = size - i - 1
    return once(shared, `${end}${left}`, () => repeat(DIGIT, exact ? left : 0, left))
  }
  const after = (node: Node, must: boolean): Node => (exact || must ? node : orNothing(node))
  // From the last digit to the first: the rest at least `from`, at most `to`, or both.
  let [least, most, both]: Node[] = [EMPTY, EMPTY, EMPTY]
  for (let i = size - 1; i >= 0; i--) {
    const [a, b] = [Number(from[i]), Number(to[i])]
    const must = i + 1 < needed
    const [leastBefore, mostBefore, bothBefore] = [least!, most!, both!]
    both =
      a === b
        ? sequence(text(String(a)), after(bothBefore, must))
        : a > b
          ? NEVER
          : choice([
              sequence(text(String(a)), after(leastBefore, must)),
              digitsThen(a + 1, b - 1, free(i)),
              sequence(text(String(b)), after(mostBefore, false)),
            ])
    least = once(shared, `${end}${Math.max(1, needed - i)}>${from.slice(i)}`, () =>
      choice([sequence(text(String(a)), after(leastBefore, must)), digitsThen(a + 1, 9, free(i))]),
    )
    most = once(shared, `${end}<${to.slice(i)}`, () =>
      choice([digitsThen(0, b - 1, free(i)), sequence(text(String(b)), after(mostBefore, false))]),
    )
  }
  return both!
}

export function once(shared: SharedNodes, key: string, make: () => Node): Node {
  let node = shared.get(key)
  if (!node) shared.set(key, (node = make()))
  return node
}

function orNothing(node: Node): Node {
  return node === EMPTY ? EMPTY : optional(node)
}

function digitsThen(first: number, last: number, rest: Node): Node {
  return first > last ? NEVER : sequence(first === 0 && last === 9 ? DIGIT : chars([[48 + first, 48 + last]]), rest)
}
