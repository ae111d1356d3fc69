/** Objects: which properties may and must be there, and what each must be. */
import type { Steps } from '../pauses.js'
import { allowsNothing, Conditions } from '../automaton/automaton.js'
import { both, choice, NEVER, without, type Node } from '../syntax/nodes.js'
import type { Alternative } from './alternatives.js'
import type { Evaluator } from './reading/evaluate.js'
import type { Facts, SomeProperty } from './reading/facts.js'
import type { Reading } from './reading/reading.js'
import { refused, tooComplex } from './reading/refusal.js'
import type { Goal } from './reading/schemas.js'
import { ANY_TEXT, escaped } from './strings.js'

export interface ObjectShape {
  readonly kind: 'object'
  readonly path: string
  readonly members: readonly Member[]
  /** Other properties, by classes of names. */
  readonly free: readonly FreeMembers[]
  /** Of each at least one must be there, whatever its value. */
  readonly needs: readonly FreeMembers[]
  readonly min: number
  readonly max: number
}

export interface Member {
  readonly name: string
  readonly goal: Goal
  readonly required: boolean
}

export interface FreeMembers {
  /** What stands between the quotes of the name. */
  readonly names: Node
  readonly goal: Goal
}

/** What objects are made with. */
export interface MemberTools {
  readonly reading: Reading
  readonly evaluator: Evaluator
  /** The texts that a goal allows, where it names them. */
  textsOf(goal: Goal): readonly string[] | undefined
  /** What stands between the quotes of the strings that a goal allows. */
  contentOf(goal: Goal): Node
}

/** Patterns of names are told apart in this many classes. */
const MOST_CLASSES = 64
/** Properties that are looked at in one go. */
const PIECE = 64

/** What a property must be under an alternative. */
export function propertyGoal(one: Alternative, name: string, { reading, evaluator }: MemberTools): Goal {
  return goalWhere(
    one,
    reading,
    (facts) => facts.properties.get(name),
    (pattern) => reading.test(pattern, name),
    (facts) => evaluator.goalsOf(facts, name),
  )
}

function goalWhere(
  one: Alternative,
  reading: Reading,
  named: (facts: Facts) => Goal | undefined,
  matches: (pattern: string) => boolean,
  goalsOf: (facts: Facts) => readonly Goal[],
): Goal {
  const goals = one.facts.flatMap(goalsOf)
  for (const { keyword, goal, within } of one.scopes) {
    if (keyword !== 'unevaluatedProperties' || within.scopes.some((inner) => inner.keyword === keyword)) continue
    const evaluated = within.facts.some(
      (facts) => facts.others !== undefined || named(facts) || facts.patterns.some(([pattern]) => matches(pattern)),
    )
    if (!evaluated) goals.push(goal)
  }
  return reading.schemas.all(goals)
}

/** The objects of an alternative; none where no object is possible. */
export function* objectShapes(one: Alternative, tools: MemberTools): Steps<readonly ObjectShape[]> {
  const { reading } = tools
  const { facts } = one
  const required = new Set(facts.flatMap((own) => own.required))
  const names = reading.schemas.all(facts.flatMap((own) => own.names ?? []))
  const listed = names === reading.schemas.anything ? undefined : tools.textsOf(names)
  const known = knownNames(facts, listed)
  const written = reading.complete ? known : writtenNames(facts, listed)
  const members: Member[] = []
  for (const name of written) {
    if (members.length % PIECE === PIECE - 1) yield
    const must = required.has(name)
    const goal = tools.evaluator.holds(names, name) ? propertyGoal(one, name, tools) : reading.schemas.nothing
    if (goal !== reading.schemas.nothing) members.push({ name, goal, required: must })
    else if (must) return []
  }
  const shape: ObjectShape = {
    kind: 'object',
    path: facts[0]?.path ?? '#',
    members,
    free: listed ? [] : freeMembers(one, names, [...known], members.length === 0, tools),
    needs: [],
    min: Math.max(0, ...facts.map((own) => own.minProperties)),
    max: Math.min(Infinity, ...facts.map((own) => own.maxProperties)),
  }
  const somes = facts.flatMap((own) => own.some ?? [])
  return somes.reduce<readonly ObjectShape[]>(
    (all, some) => all.flatMap((each) => withSome(each, some, tools)),
    [shape],
  )
}

/** All names that the schemas tell apart, in their order: first those that they declare. */
function knownNames(facts: readonly Facts[], listed: readonly string[] | undefined): ReadonlySet<string> {
  const written = writtenNames(facts, listed)
  for (const own of facts) {
    for (const name of own.properties.keys()) written.add(name)
    for (const name of own.some?.not ?? []) written.add(name)
  }
  return written
}

function writtenNames(facts: readonly Facts[], listed: readonly string[] | undefined): Set<string> {
  const names = new Set<string>()
  for (const own of facts) if (!own.synthetic) for (const name of own.properties.keys()) names.add(name)
  for (const own of facts) for (const name of own.required) names.add(name)
  for (const name of listed ?? []) names.add(name)
  return names
}

/** The names that are not known, in classes of those that match the same patterns. */
function freeMembers(
  one: Alternative,
  names: Goal,
  known: readonly string[],
  unnamed: boolean,
  tools: MemberTools,
): readonly FreeMembers[] {
  const { reading } = tools
  const patterns = [...new Set(one.facts.flatMap((own) => own.patterns.map(([pattern]) => pattern)))]
  const spelled =
    one.facts.some((own) => !own.synthetic && own.others !== undefined) ||
    one.scopes.some((scope) => scope.keyword === 'unevaluatedProperties')
  const open = reading.complete || spelled || (unnamed && patterns.length === 0)
  const base = names === reading.schemas.anything ? ANY_TEXT : tools.contentOf(names)
  const found: FreeMembers[] = []
  const conditions = new Conditions()
  for (const { node, texts, matched } of classesOf(base, patterns, reading, conditions, one.facts[0]?.path ?? '#')) {
    const goal = goalWhere(
      one,
      reading,
      () => undefined,
      (pattern) => matched.has(pattern),
      (own) => {
        const matching = own.patterns.filter(([pattern]) => matched.has(pattern)).map(([, goal]) => goal)
        return matching.length === 0 && own.others ? [own.others] : matching
      },
    )
    if (goal === reading.schemas.nothing || (matched.size === 0 && !open)) continue
    const taken = choice(known.map((name) => escaped(name)))
    const left = known.length === 0 ? texts : conditions.without(texts, taken)
    // Classes have texts; all texts but those of some names may not.
    if (left === ANY_TEXT || (left === base ? !allowsNothing(base) : left !== NEVER))
      found.push({ names: known.length === 0 ? node : without(node, taken), goal })
  }
  return found
}

interface NameClass {
  readonly node: Node
  /** The same, to ask about. */
  readonly texts: Node
  readonly matched: ReadonlySet<string>
}

function classesOf(
  base: Node,
  patterns: readonly string[],
  reading: Reading,
  conditions: Conditions,
  path: string,
): readonly NameClass[] {
  let classes: NameClass[] = base === NEVER ? [] : [{ node: base, texts: base, matched: new Set() }]
  for (const pattern of patterns) {
    const matching = reading.patternNode(pattern)
    const next: NameClass[] = []
    for (const { node, texts, matched } of classes) {
      const [others, own] = [conditions.without(texts, matching), conditions.both(texts, matching)]
      if (others !== NEVER) next.push({ node: without(node, matching), texts: others, matched })
      if (own !== NEVER) next.push({ node: both(node, matching), texts: own, matched: new Set([...matched, pattern]) })
      if (next.length > MOST_CLASSES)
        throw tooComplex(`${path}/patternProperties`, `more than ${MOST_CLASSES} classes of names`)
    }
    classes = next
  }
  return classes
}

/** The objects of which some property is as it must be. */
function withSome(shape: ObjectShape, some: SomeProperty, tools: MemberTools): ObjectShape[] {
  const { reading, evaluator } = tools
  const { schemas } = reading
  const named = shape.members.flatMap((member, i) => {
    const goal = schemas.all([member.goal, some.goal])
    if (goal === schemas.nothing || !evaluator.isSome(some, member.name)) return []
    return [{ ...shape, members: shape.members.with(i, { ...member, goal, required: true }) }]
  })
  if (shape.free.length === 0) return named
  // A name that is written again could take the value back, unless any value will do.
  if (some.goal === schemas.anything)
    return [
      ...named,
      ...shape.free.flatMap(({ names, goal }) => {
        const own = someNames(names, some, tools)
        return allowsNothing(own) ? [] : [{ ...shape, needs: [...shape.needs, { names: own, goal }] }]
      }),
    ]
  if (reading.complete || named.length === 0)
    throw refused(
      shape.path,
      some.keyword,
      'that this does not hold cannot be enforced; state it without not, oneOf or if',
    )
  return named
}

function someNames(names: Node, some: SomeProperty, tools: MemberTools): Node {
  const texts = [...some.not].map((name) => escaped(name))
  let left = texts.length === 0 ? names : without(names, choice(texts))
  for (const pattern of some.notPatterns) left = without(left, tools.reading.patternNode(pattern))
  if (some.pattern !== undefined) left = both(left, tools.reading.patternNode(some.pattern))
  return some.names ? both(left, tools.contentOf(some.names)) : left
}
