/** The shapes of goals as nodes. */
import type { Pauses } from '../pauses.js'
import { choice, NEVER, Rule, rule, sequence, text, type Node } from '../syntax/nodes.js'
import { arrayContent, bracketed, countedContent, type Content } from './containers.js'
import type { SetShape, ArrayShape } from './elements.js'
import type { Graph } from './graph.js'
import type { FreeMembers, ObjectShape } from './members.js'
import { anyNumber } from './numbers/numbers.js'
import { MOST_INDENTED, type JsonOptions } from './style/options.js'
import { refused } from './reading/refusal.js'
import type { Goal } from './reading/schemas.js'
import type { Shape, Shapes } from './shapes.js'
import { ANY_STRING, quoted } from './strings.js'
import { layoutOf, type Layout } from './style/white-space.js'

/** Any value, at each level. */
export class AnyValue {
  private readonly levels = new Map<number, Node>()
  private readonly number: Node

  constructor(
    private readonly layout: Layout,
    options: JsonOptions,
  ) {
    this.number = rule('number', () => anyNumber(options.digits))
  }

  at(level: number): Node {
    const known = this.levels.get(level)
    if (known) return known
    const made = new Rule('value')
    const node: Node = { kind: 'rule', rule: made }
    this.levels.set(level, node)
    const literals = ['true', 'false', 'null'].map(text)
    made.define(choice([this.object(level), this.array(level), ANY_STRING, this.number, ...literals]))
    return node
  }

  object(level: number): Node {
    const pair = sequence(ANY_STRING, text(this.layout.colon), this.layout.gap, this.at(this.layout.inner(level)))
    return bracketed('{', this.list(pair, level), '}', this.layout, level)
  }

  private array(level: number): Node {
    return bracketed('[', this.list(this.at(this.layout.inner(level)), level), ']', this.layout, level)
  }

  private list(item: Node, level: number): Content {
    const more: Node = { kind: 'repeat', item: sequence(this.layout.separator(level), item), min: 0, max: Infinity }
    return { filled: sequence(item, more), mayBeEmpty: true }
  }
}

export class Builder {
  private readonly layout: Layout
  private readonly any: AnyValue
  private readonly nodes = new Map<number, Node>()
  private readonly todo: { readonly goal: Goal; readonly level: number; readonly rule: Rule }[] = []

  constructor(
    private readonly graph: Graph,
    private readonly shapes: Shapes,
    private readonly options: JsonOptions,
  ) {
    this.layout = layoutOf(options.whiteSpace)
    this.any = new AnyValue(this.layout, options)
  }

  async build(root: Goal, pauses: Pauses): Promise<Node> {
    const node = this.goalNode(root, 0)
    for (let next = this.todo.pop(); next; next = this.todo.pop()) {
      const { goal, level, rule: made } = next
      made.define(choice(this.graph.shapesOf(goal).map((shape) => this.shapeNode(shape, level))))
      if (pauses.due) await pauses.pause()
    }
    return node
  }

  private goalNode(goal: Goal, level: number): Node {
    if (goal === this.shapes.reading.schemas.anything) return this.any.at(level)
    if (!this.graph.isPossible(goal)) return NEVER
    const key = goal.id * (MOST_INDENTED + 1) + level
    let node = this.nodes.get(key)
    if (!node) this.nodes.set(key, (node = this.newNode(goal, level)))
    return node
  }

  private newNode(goal: Goal, level: number): Node {
    const shapes = this.graph.shapesOf(goal)
    const leaves = shapes.flatMap((shape) => (shape.kind === 'leaf' ? shape.node : []))
    if (leaves.length === shapes.length) return choice(leaves)
    const made = new Rule(goal.literals[0]?.schema.path.slice(-60) ?? '#')
    this.todo.push({ goal, level, rule: made })
    return { kind: 'rule', rule: made }
  }

  private shapeNode(shape: Shape, level: number): Node {
    switch (shape.kind) {
      case 'leaf':
        return shape.node
      case 'constant':
        return this.constantNode(shape.value, level)
      case 'array':
      case 'set':
        return bracketed('[', this.items(shape, level), ']', this.layout, level)
      case 'object':
        return bracketed('{', this.members(shape, level), '}', this.layout, level)
    }
  }

  private items(shape: ArrayShape | SetShape, level: number): Content {
    const inner = this.layout.inner(level)
    const separator = this.layout.separator(level)
    if (shape.kind === 'set') return this.set(shape, inner, separator)
    const { prefix, rest, contains } = shape
    if (contains.length > 0)
      return countedContent(this.graph.machineOf(shape), (goal) => this.goalNode(goal, inner), separator)
    return arrayContent(shape, (i) => this.goalNode(prefix[i] ?? rest, inner), separator)
  }

  private set({ values, min, max }: SetShape, level: number, separator: Node): Content {
    const members = values.map((value) => ({
      node: this.constantNode(value, level),
      required: false,
    }))
    const filled: Node = {
      kind: 'members',
      members,
      ordered: false,
      rest: undefined,
      separator,
      min: Math.max(1, min),
      max,
    }
    return { filled: max === 0 || values.length === 0 ? NEVER : filled, mayBeEmpty: min === 0 }
  }

  /** Exactly this value; in any order, the properties of its objects too. */
  private constantNode(value: unknown, level: number): Node {
    if (typeof value !== 'object' || value === null) return text(JSON.stringify(value))
    const { layout } = this
    const inner = layout.inner(level)
    const separator = layout.separator(level)
    const between = (nodes: readonly Node[]): Node =>
      nodes.length === 0 ? NEVER : sequence(...nodes.flatMap((node, i) => (i === 0 ? [node] : [separator, node])))
    if (Array.isArray(value)) {
      const filled = between((value as unknown[]).map((item) => this.constantNode(item, inner)))
      return bracketed('[', { filled, mayBeEmpty: value.length === 0 }, ']', layout, level)
    }
    const nodes = Object.entries(value).map(([name, own]) =>
      sequence(text(JSON.stringify(name) + layout.colon), layout.gap, this.constantNode(own, inner)),
    )
    const members = nodes.map((node) => ({ node, required: true }))
    const any = this.options.properties === 'any' && nodes.length > 1
    const size = { min: 1, max: nodes.length }
    const filled: Node = any
      ? { kind: 'members', members, ordered: false, rest: undefined, separator, ...size }
      : between(nodes)
    return bracketed('{', { filled, mayBeEmpty: nodes.length === 0 }, '}', layout, level)
  }

  private members(shape: ObjectShape, level: number): Content {
    const { max, free } = shape
    const { layout } = this
    const inner = layout.inner(level)
    const rest = choice(this.freePairs(free, inner))
    const { members: named, min } = this.counted(shape, rest !== NEVER)
    const members = [
      ...named.map(({ name, goal, required }) => ({
        node: sequence(text(JSON.stringify(name) + layout.colon), layout.gap, this.goalNode(goal, inner)),
        required,
      })),
      ...this.freePairs(shape.needs, inner).map((node) => ({ node, required: true })),
    ]
    const mayBeEmpty = min === 0 && !members.some((member) => member.required)
    if (max === 0 || (members.length === 0 && rest === NEVER)) return { filled: NEVER, mayBeEmpty }
    const filled: Node = {
      kind: 'members',
      members,
      ordered: this.options.properties === 'in-order',
      rest: rest === NEVER ? undefined : rest,
      separator: layout.separator(level),
      min: Math.max(1, min),
      max,
    }
    return { filled, mayBeEmpty }
  }

  /**
   * The named properties, so that the least count holds: names of free properties may be equal, and so count as one however many
   * there are. In order, as many named ones as it takes are required.
   */
  private counted({ members, min, path }: ObjectShape, open: boolean): Pick<ObjectShape, 'members' | 'min'> {
    const possible = members.filter(({ goal }) => this.graph.isPossible(goal))
    let missing = min - 1 - possible.filter((member) => member.required).length
    if (!open || missing <= 0) return { members: possible, min }
    if (this.options.properties === 'any' || min > possible.length + 1)
      throw refused(
        path,
        'minProperties',
        `expected at most ${min - missing}, found ${min}: other names may be written twice, and then count once`,
      )
    return {
      members: possible.map((member) => (member.required || missing-- <= 0 ? member : { ...member, required: true })),
      min,
    }
  }

  private freePairs(free: readonly FreeMembers[], level: number): Node[] {
    return free
      .filter(({ goal }) => this.graph.isPossible(goal))
      .map(({ names, goal }) =>
        sequence(quoted(names), text(this.layout.colon), this.layout.gap, this.goalNode(goal, level)),
      )
  }
}
