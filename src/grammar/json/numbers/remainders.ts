/** Multiples of a decimal number, by the remainder of the digits so far. */
import type { Language, Node } from '../../syntax/nodes.js'
import { reduced, type Decimal } from './decimals.js'

const START = 0
const SIGN = 1
const ZERO = 2
const WHOLE = 3
const POINT = 4
const DECIMALS = 5

interface State {
  readonly phase: number
  readonly remainder: bigint
  /** Decimals so far. */
  readonly count: number
}

/**
 * Numbers without an exponent that are multiples of `step`, with any number of digits before the point and as many decimals as
 * the step has.
 */
export function multiplesOf(step: Decimal): Node {
  return { kind: 'language', language: new Multiples(reduced(step)) }
}

class Multiples implements Language {
  readonly start = 1
  readonly cuts = [45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58]
  /** Decimals that a multiple may have. */
  private readonly places: number
  private readonly divisor: bigint
  /** State 0 is dead. */
  private readonly states: State[] = [{ phase: -1, remainder: 0n, count: 0 }]
  private readonly numbers = new Map<string, number>()

  constructor(step: Decimal) {
    this.places = Math.max(0, -step.exponent)
    this.divisor = step.digits * 10n ** BigInt(Math.max(0, step.exponent))
    this.intern({ phase: START, remainder: 0n, count: 0 })
  }

  accepts(state: number): boolean {
    const { phase, remainder, count } = this.states[state]!
    if (phase !== ZERO && phase !== WHOLE && phase !== DECIMALS) return false
    return this.completes(remainder, this.places - count, 0)
  }

  next(state: number, byte: number): number {
    const { phase, remainder, count } = this.states[state]!
    if (byte === 45) return phase === START ? this.intern({ phase: SIGN, remainder, count }) : 0
    if (byte === 46)
      return (phase === ZERO || phase === WHOLE) && this.places > 0
        ? this.intern({ phase: POINT, remainder, count })
        : 0
    if (byte < 48 || byte > 57 || phase < 0 || phase === ZERO) return 0
    const value = (remainder * 10n + BigInt(byte - 48)) % this.divisor
    if (phase === POINT || phase === DECIMALS)
      return count === this.places ? 0 : this.intern({ phase: DECIMALS, remainder: value, count: count + 1 })
    return this.intern({ phase: phase === WHOLE || byte !== 48 ? WHOLE : ZERO, remainder: value, count })
  }

  /** The number of a state; 0 where no further digits make a multiple of it. */
  private intern(state: State): number {
    const { phase, remainder, count } = state
    // More digits before the point always can, as there may be any number of them.
    const closed = phase === ZERO || phase === POINT || phase === DECIMALS
    if (closed && !this.completes(remainder, this.places - count, this.places - count)) return 0
    const key = `${phase} ${remainder} ${count}`
    const known = this.numbers.get(key)
    if (known !== undefined) return known
    this.states.push(state)
    this.numbers.set(key, this.states.length - 1)
    return this.states.length - 1
  }

  /** Whether a multiple has this remainder before its last `missing` digits, of which the last but `free` are zeros. */
  private completes(remainder: bigint, missing: number, free: number): boolean {
    const rest = (remainder * 10n ** BigInt(missing)) % this.divisor
    if (rest === 0n) return true
    return free > 0 && this.divisor - rest < 10n ** BigInt(free)
  }
}
