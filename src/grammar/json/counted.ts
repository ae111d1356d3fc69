/** Arrays of which some items must, or must not be many: which items count is followed from one to the next. */
import type { ArrayShape } from './elements.js'
import type { Contains } from './reading/facts.js'
import { tooComplex } from './reading/refusal.js'
import type { Goal, Schemas } from './reading/schemas.js'

/** States by number, from 0: how many items there are and how many of them count. */
export interface CountedItems {
  readonly states: readonly CountedState[]
}

export interface CountedState {
  /** Whether the array may end here. */
  readonly ends: boolean
  readonly moves: readonly { readonly goal: Goal; readonly to: number }[]
}

const MOST_STATES = 5_000

export function countedItems(shape: ArrayShape, schemas: Schemas): CountedItems {
  return new Machine(shape, schemas)
}

class Machine implements CountedItems {
  readonly states: CountedState[] = []
  private readonly numbers = new Map<string, number>()
  private readonly todo: { readonly index: number; readonly counts: readonly number[] }[] = []
  /** Items after this one are all alike. */
  private readonly last: number

  constructor(
    private readonly shape: ArrayShape,
    private readonly schemas: Schemas,
  ) {
    const { prefix, min, max, contains } = shape
    this.last = Math.max(prefix.length, min, max === Infinity ? 0 : max, ...contains.map(({ from }) => from))
    if (this.last > MOST_STATES) throw this.tooMany()
    this.numberOf(
      0,
      contains.map(() => 0),
    )
    for (let i = 0; i < this.todo.length; i++) this.states.push(this.state(this.todo[i]!.index, this.todo[i]!.counts))
  }

  private state(index: number, counts: readonly number[]): CountedState {
    const { contains, min, max, prefix, rest } = this.shape
    const ends = index >= min && contains.every((own, i) => counts[i]! >= own.min)
    const moves: { goal: Goal; to: number }[] = []
    if (index >= max) return { ends, moves }
    let choices: { goals: Goal[]; counts: number[] }[] = [{ goals: [prefix[index] ?? rest], counts: [] }]
    for (const [i, own] of contains.entries())
      choices = choices.flatMap(({ goals, counts: before }) =>
        this.steps(own, index, counts[i]!).map((step) => ({
          goals: [...goals, ...step.goals],
          counts: [...before, step.count],
        })),
      )
    for (const one of choices) {
      const goal = this.schemas.all(one.goals)
      if (goal !== this.schemas.nothing)
        moves.push({ goal, to: this.numberOf(Math.min(index + 1, this.last), one.counts) })
    }
    return { ends, moves }
  }

  /** How an item may count. Where there is no most, one that is not needed need not be told apart. */
  private steps({ goal, min, max, from }: Contains, index: number, count: number): { goals: Goal[]; count: number }[] {
    if (index < from || (max === Infinity && count >= min)) return [{ goals: [], count }]
    const not = { goals: max === Infinity ? [] : [this.schemas.not(goal)], count }
    return count < max ? [{ goals: [goal], count: count + 1 }, not] : [not]
  }

  private numberOf(index: number, counts: readonly number[]): number {
    const key = `${index} ${counts.join()}`
    let number = this.numbers.get(key)
    if (number === undefined) {
      number = this.todo.length
      if (number >= MOST_STATES) throw this.tooMany()
      this.numbers.set(key, number)
      this.todo.push({ index, counts })
    }
    return number
  }

  private tooMany(): Error {
    return tooComplex(
      `${this.shape.path}/contains`,
      `counting its items takes more than ${MOST_STATES} states; lower its bounds`,
    )
  }
}
