/** Multiples of a decimal number between bounds, by the remainder of the digits so far. */
import type { Language, Node } from '../../syntax/nodes.js'

/** What is matched, in units of ten to the power of `-places`. */
export interface Multiples {
  readonly divisor: bigint
  readonly low: bigint
  readonly high: bigint
  /** Decimals that may be written. */
  readonly places: number
  /** Whether zeros may follow the last of these. */
  readonly zeros: boolean
}

/** Numbers without an exponent. */
export function multiplesNode(multiples: Multiples): Node {
  return { kind: 'language', language: new Remainders(multiples) }
}

type Phase = 'start' | 'sign' | 'zero' | 'whole' | 'point' | 'decimals' | 'zeros'

interface State {
  readonly phase: Phase
  readonly negative: boolean
  /** The digits so far, as a number. */
  readonly value: bigint
  /** Digits so far: before the point, and after it where there is one. */
  readonly count: number
}

const ENDS: ReadonlySet<Phase> = new Set(['zero', 'whole', 'decimals', 'zeros'])

/**
 * States are the digits so far near the bounds; elsewhere only their remainder counts. Whether a multiple can still come is
 * worked out, so that there are no dead ends.
 */
class Remainders implements Language {
  readonly start = 1
  readonly cuts = [45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58]
  /** State 0 is dead. */
  private readonly states: (State | undefined)[] = [undefined]
  private readonly numbers = new Map<string, number>()
  /** Digits before the point. */
  private readonly longest: number
  /** Powers of ten. */
  private readonly units: bigint[] = []
  /** Between which magnitudes numbers are, without a sign and with one. */
  private readonly above: readonly [bigint, bigint]
  private readonly below: readonly [bigint, bigint]

  constructor(private readonly multiples: Multiples) {
    const { low, high, places } = multiples
    const most = -low > high ? -low : high
    this.longest = Math.max(1, most.toString().length - places)
    this.above = boundsOf(multiples, false)
    this.below = boundsOf(multiples, true)
    this.states.push({ phase: 'start', negative: false, value: 0n, count: 0 })
  }

  accepts(state: number): boolean {
    const current = this.states[state]
    if (!current || !ENDS.has(current.phase)) return false
    const [value] = this.range(current, current.phase === 'whole' ? current.count : 0)
    return this.isInside(value!, value!, current.negative)
  }

  next(state: number, byte: number): number {
    const current = this.states[state]
    if (!current) return 0
    const { phase, value, count } = current
    const { places, zeros } = this.multiples
    if (byte === 45) return phase === 'start' ? this.intern({ ...current, phase: 'sign', negative: true }) : 0
    if (byte === 46)
      return (phase === 'zero' || phase === 'whole') && (places > 0 || zeros)
        ? this.intern({ ...current, phase: 'point', count: 0 })
        : 0
    if (byte < 48 || byte > 57 || phase === 'zero') return 0
    const digit = BigInt(byte - 48)
    if (phase === 'point' || phase === 'decimals' || phase === 'zeros') {
      if (count < places)
        return this.intern({ ...current, phase: 'decimals', value: value * 10n + digit, count: count + 1 })
      return zeros && digit === 0n ? this.intern({ ...current, phase: 'zeros' }) : 0
    }
    const first = phase === 'whole' || digit > 0n ? 'whole' : 'zero'
    return this.intern({ ...current, phase: first, value: value * 10n + digit, count: count + 1 })
  }

  /** The number of a state; 0 where no further digits make a multiple of it. */
  private intern(state: State): number {
    const { phase, negative, value, count } = state
    let alive = false
    let near = false
    let where = ''
    for (let length = count; length <= (phase === 'whole' || phase === 'sign' ? this.longest : count); length++) {
      const [from, to] = this.range(state, length) as [bigint, bigint]
      alive ||= this.isInside(from, to, negative)
      const place = this.place(from, to, negative)
      near ||= place === 'across'
      where += place.charAt(0)
    }
    if (!alive) return 0
    const digits = near ? `=${value}` : String(value % this.multiples.divisor)
    const key = `${phase} ${negative} ${count} ${where} ${digits}`
    const known = this.numbers.get(key)
    if (known !== undefined) return known
    this.states.push(state)
    this.numbers.set(key, this.states.length - 1)
    return this.states.length - 1
  }

  /** The values that may come of a state, with this many digits before the point in all. */
  private range({ phase, value, count }: State, length: number): readonly bigint[] {
    const { places } = this.multiples
    const before = phase === 'whole' || phase === 'sign' || phase === 'start'
    const left = before ? length - count + places : phase === 'zero' ? places : places - count
    const unit = (this.units[left] ??= 10n ** BigInt(left))
    return [value * unit, value * unit + unit - 1n]
  }

  /** Whether a multiple lies between two magnitudes, and between the bounds. */
  private isInside(from: bigint, to: bigint, negative: boolean): boolean {
    const { divisor } = this.multiples
    const [low, high] = negative ? this.below : this.above
    const [least, most] = [from > low ? from : low, to < high ? to : high]
    return ((least + divisor - 1n) / divisor) * divisor <= most
  }

  private place(from: bigint, to: bigint, negative: boolean): 'inside' | 'outside' | 'across' {
    const [low, high] = negative ? this.below : this.above
    if (from >= low && to <= high) return 'inside'
    return to < low || from > high ? 'outside' : 'across'
  }
}

/** Of the magnitude. */
function boundsOf({ low, high, zeros }: Multiples, negative: boolean): readonly [bigint, bigint] {
  const [least, most] = negative ? [-high, -low] : [low, high]
  // Nobody writes -0.
  const first = negative && !zeros ? 1n : 0n
  return [least > first ? least : first, most]
}
