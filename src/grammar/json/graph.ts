/** All goals that a schema leads to, what each allows, and which can be met at all. */
import type { Pauses } from '../pauses.js'
import { countedItems, type CountedItems } from './counted.js'
import type { ArrayShape } from './elements.js'
import type { ObjectShape } from './members.js'
import { refused } from './reading/refusal.js'
import type { Goal } from './reading/schemas.js'
import type { Shape, Shapes } from './shapes.js'

interface Entry {
  readonly goal: Goal
  readonly shapes: readonly Shape[]
  readonly users: Entry[]
  possible: boolean
}

export class Graph {
  private readonly entries = new Map<Goal, Entry>()
  private readonly machines = new Map<ArrayShape, CountedItems>()
  private readonly anything: Goal

  private constructor(private readonly shapes: Shapes) {
    this.anything = shapes.reading.schemas.anything
  }

  /** @throws UserError where a schema is malformed or cannot be held, and where `root` allows nothing */
  static async of(root: Goal, shapes: Shapes, pauses: Pauses): Promise<Graph> {
    const graph = new Graph(shapes)
    await graph.collect(root, pauses)
    graph.settle()
    if (!graph.isPossible(root)) throw graph.impossible(root)
    return graph
  }

  shapesOf(goal: Goal): readonly Shape[] {
    return this.entries.get(goal)!.shapes.filter((shape) => this.possible(shape))
  }

  isPossible(goal: Goal): boolean {
    return goal === this.anything || this.entries.get(goal)?.possible === true
  }

  machineOf(shape: ArrayShape): CountedItems {
    let machine = this.machines.get(shape)
    if (!machine) this.machines.set(shape, (machine = countedItems(shape, this.shapes.reading.schemas)))
    return machine
  }

  private async collect(root: Goal, pauses: Pauses): Promise<void> {
    const found = [root]
    const asked = new Map<Goal, Goal[]>([[root, []]])
    for (let goal = found.pop(); goal; goal = found.pop()) {
      if (goal === this.anything) continue
      if (pauses.due) await pauses.pause()
      const shapes = await pauses.run(this.shapes.steps(goal))
      this.entries.set(goal, { goal, shapes, users: [], possible: false })
      for (const child of new Set(shapes.flatMap((shape) => this.children(shape)))) {
        const users = asked.get(child)
        if (users) users.push(goal)
        else {
          asked.set(child, [goal])
          found.push(child)
        }
      }
    }
    for (const [goal, users] of asked)
      for (const user of users) this.entries.get(goal)?.users.push(this.entries.get(user)!)
  }

  private children(shape: Shape): readonly Goal[] {
    switch (shape.kind) {
      case 'leaf':
      case 'constant':
      case 'set':
        return []
      case 'array':
        if (shape.contains.length > 0)
          return this.machineOf(shape).states.flatMap(({ moves }) => moves.map(({ goal }) => goal))
        return shape.max > shape.prefix.length ? [...shape.prefix, shape.rest] : shape.prefix
      case 'object':
        return [...shape.members, ...shape.free, ...shape.needs].map(({ goal }) => goal)
    }
  }

  /** Goals are possible where a shape is, whose goals are; those that need each other for ever are not. */
  private settle(): void {
    // Mostly users stand before what they use.
    let round: Iterable<Entry> = [...this.entries.values()].reverse()
    for (let again = true; again;) {
      const users = new Set<Entry>()
      for (const entry of round) {
        if (entry.possible || !entry.shapes.some((shape) => this.possible(shape))) continue
        entry.possible = true
        for (const user of entry.users) if (!user.possible) users.add(user)
      }
      again = users.size > 0
      round = users
    }
  }

  private possible(shape: Shape): boolean {
    switch (shape.kind) {
      case 'leaf':
      case 'constant':
      case 'set':
        return true
      case 'array':
        return shape.contains.length > 0 ? this.machineEnds(shape) : this.arrayPossible(shape)
      case 'object':
        return this.objectPossible(shape)
    }
  }

  private arrayPossible({ prefix, rest, min }: ArrayShape): boolean {
    const needed = min > prefix.length ? [...prefix, rest] : prefix.slice(0, min)
    return needed.every((goal) => this.isPossible(goal))
  }

  private machineEnds(shape: ArrayShape): boolean {
    const { states } = this.machineOf(shape)
    const reached = new Set([0])
    for (const number of reached) {
      const { ends, moves } = states[number]!
      if (ends) return true
      for (const { goal, to } of moves) if (this.isPossible(goal)) reached.add(to)
    }
    return false
  }

  private objectPossible({ members, free, needs, min, max }: ObjectShape): boolean {
    const required = members.filter((member) => member.required)
    if (required.length + needs.length > max) return false
    if (![...required, ...needs].every(({ goal }) => this.isPossible(goal))) return false
    const named = members.filter(({ goal }) => this.isPossible(goal)).length
    return min <= named || [...free, ...needs].some(({ goal }) => this.isPossible(goal))
  }

  /** Where, and by which keywords, nothing is allowed. */
  private impossible(root: Goal): Error {
    let goal = root
    for (const seen = new Set<Goal>(); !seen.has(goal);) {
      seen.add(goal)
      const next = this.entries
        .get(goal)
        ?.shapes.flatMap((shape) => this.children(shape))
        .find((child) => !this.isPossible(child))
      if (next) goal = next
    }
    const keywords = goal.literals.flatMap(({ schema }) =>
      typeof schema.raw === 'object' ? Object.keys(schema.raw) : [String(schema.raw)],
    )
    const shown = [...new Set(keywords)].slice(0, 8).join(', ')
    const places = [...new Set(goal.literals.map(({ schema }) => schema.path))].slice(0, 3).join(' with ')
    return refused(places, undefined, `expected a schema that allows something, found that no value meets ${shown}`)
  }
}
