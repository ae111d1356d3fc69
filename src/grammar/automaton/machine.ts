/**
 * A network run as an automaton of sets, worked out as it is asked. A set holds the configurations (state of the network, stack)
 * that are possible at one place. It has one for each state of the network: where a state is reached with several stacks they become
 * a union, which is opened again when a frame ends.
 */
import { classesOf, type ByteClasses } from './classes.js'
import { Closure } from './closure.js'
import type { Facts, LanguageOf } from './facts.js'
import { tooManyAtOnce, type GrammarLimits, type Work } from './limits.js'
import { Network } from './network.js'
import { DEAD, Sets, UNKNOWN } from './sets.js'
import { BOTTOM, Stacks } from './stacks.js'
import * as ops from './states.js'
import { Table } from './table.js'
import { trimmables, trimmedCounts } from './trim.js'

export class Machine {
  readonly net: Network
  readonly classes: ByteClasses
  initial = DEAD
  /** Grows as sets are made; walks read it without a call. */
  sets: Sets
  stacks = new Stacks()
  private configurations = new Table()
  private closure: Closure
  /** Bytes that the step being worked out does not tell apart. */
  private low = 0
  private high = 255

  /** @throws UserError grammar_too_complex where every text nests too deep */
  constructor(
    facts: Facts,
    languageOf: LanguageOf,
    readonly limits: GrammarLimits,
    readonly work: Work,
  ) {
    const { root } = facts
    this.net = new Network(facts, languageOf)
    this.classes = classesOf(facts, languageOf)
    this.sets = new Sets(this.classes.count)
    this.closure = new Closure(this.net, this.stacks, limits, work)
    if (!facts.ends(root)) return
    facts.checkDepth(root)
    this.closure.begin()
    this.closure.push(this.net.build(root, ops.RETURN), BOTTOM)
    this.initial = this.closed()
  }

  go(set: number, byte: number): number {
    return this.goClass(set, this.classes.of[byte]!)
  }

  goClass(set: number, byteClass: number): number {
    const next = this.sets.next(set, byteClass)
    return next === UNKNOWN ? this.step(set, byteClass) : next
  }

  /** The set after these bytes; DEAD where no text continues so. */
  after(set: number, bytes: Uint8Array): number {
    let to = set
    for (let i = 0; i < bytes.length && to !== DEAD; i++) to = this.go(to, bytes[i]!)
    return to
  }

  accepts(set: number): boolean {
    return this.sets.accepts(set)
  }

  /** The configurations of a set: state, stack, ... */
  configurationsOf(set: number): number[] {
    const { sets, configurations } = this
    const list: number[] = []
    for (let i = 0; i < sets.lengthOf(set); i++) {
      const id = sets.member(set, i)
      list.push(configurations.a[id]!, configurations.b[id]!)
    }
    return list
  }

  /** The set of these configurations: state, stack, ... */
  setOf(list: readonly number[], accepts: boolean): number {
    const ids = new Set<number>()
    for (let i = 0; i < list.length; i += 2) ids.add(this.configurations.idOf(list[i]!, list[i + 1]!, 0))
    return this.sets.idOf([...ids].sort(rising), accepts)
  }

  /** A set of one of the configurations of another. */
  alone(set: number, index: number): number {
    return this.sets.idOf([this.sets.member(set, index)], false)
  }

  get bytes(): number {
    const own = this.net.bytes + this.sets.bytes + this.stacks.bytes + this.configurations.bytes
    return trimmables(this.net).reduce((sum, { bytes }) => sum + bytes, own)
  }

  /** Works out a transition that is not known. */
  step(set: number, byteClass: number): number {
    if (!this.sets.hasRow(set) && this.setOneRange(set)) {
      const known = this.sets.next(set, byteClass)
      if (known !== UNKNOWN) return known
    }
    const { classes, sets } = this
    const byte = classes.example[byteClass]!
    const { a: states, b: stacks } = this.configurations
    this.closure.begin()
    this.work.steps += 4
    this.low = 0
    this.high = 255
    for (let i = 0; i < sets.lengthOf(set); i++) {
      const id = sets.member(set, i)
      this.stepOne(states[id]!, stacks[id]!, byte)
    }
    const to = this.closed()
    // Bytes that no configuration tells from this one lead there too: letters and digits, mostly, of which other parts make many classes.
    if (sets.isRange(set)) sets.setNext(set, byteClass, to)
    else for (let at = classes.of[this.low]!; at <= classes.of[this.high]!; at++) sets.setNext(set, at, to)
    return to
  }

  private stepOne(state: number, stack: number, byte: number): void {
    const { net, closure } = this
    this.work.steps++
    switch (net.states.ops[state]) {
      case ops.BYTES:
        return this.follow(net.states.listOf(state), stack, byte)
      case ops.TEXT: {
        const wanted = net.textByte(state)
        if (!this.isWithin(wanted, wanted, byte)) return
        return closure.push(net.textNext(state, byte), stack)
      }
      case ops.MEMBER_TEXTS:
        return this.follow(net.memberTextsOf(net.states.values[state]!).edges, stack, byte)
      default:
        return this.stepLanguage(state, stack, byte)
    }
  }

  private follow(edges: readonly number[], stack: number, byte: number): void {
    this.work.steps += edges.length >> 5
    for (let i = 0; i < edges.length; i += 3)
      if (this.isWithin(edges[i]!, edges[i + 1]!, byte)) this.closure.push(edges[i + 2]!, stack)
  }

  /** Whether a byte is in a range; narrows those that are no different from it. */
  private isWithin(from: number, to: number, byte: number): boolean {
    if (byte < from) {
      if (from <= this.high) this.high = from - 1
      return false
    }
    if (byte > to) {
      if (to >= this.low) this.low = to + 1
      return false
    }
    if (from > this.low) this.low = from
    if (to < this.high) this.high = to
    return true
  }

  private stepLanguage(state: number, stack: number, byte: number): void {
    const { stacks, classes } = this
    const byteClass = classes.of[byte]!
    this.isWithin(classes.example[byteClass]!, (classes.example[byteClass + 1] ?? 256) - 1, byte)
    const language = this.net.languages[this.net.states.values[state]!]!
    for (const frame of stacks.isUnion(stack) ? stacks.partsOf(stack) : [stack]) {
      const next = language.next(stacks.countOf(frame), byte)
      this.work.steps++
      if (next !== 0) this.closure.push(state, stacks.push(state, next, stacks.under(frame)))
    }
  }

  /** Texts, and the later bytes of characters, have one range of bytes that leads on. */
  private setOneRange(set: number): boolean {
    if (this.sets.lengthOf(set) !== 1) return false
    const { net, classes, sets } = this
    const state = this.configurations.a[sets.member(set, 0)]!
    const op = net.states.ops[state]
    if (op === ops.TEXT) {
      const byte = classes.of[net.textByte(state)]!
      sets.setRange(set, byte, byte)
      return true
    }
    const edges = op === ops.BYTES ? net.states.listOf(state) : []
    if (edges.length !== 3) return false
    sets.setRange(set, classes.of[edges[0]!]!, classes.of[edges[1]!]!)
    return true
  }

  /** The set that is reached from what was pushed. */
  private closed(): number {
    const { closure, configurations } = this
    closure.run()
    const { waiting, waits } = closure
    if (waits === 0 && !closure.accepts) return DEAD
    this.work.steps += 2 + waits
    const ids: number[] = []
    if (areApart(waiting, waits))
      for (let i = 0; i < waits; i++) insert(ids, configurations.idOf(waiting[2 * i]!, waiting[2 * i + 1]!, 0))
    else {
      for (const [state, stacks] of byState(waiting, waits)) ids.push(configurations.idOf(state, this.union(stacks), 0))
      ids.sort(rising)
    }
    return this.sets.idOf(ids, closure.accepts)
  }

  private union(list: readonly number[]): number {
    const { stacks } = this
    if (list.length === 1) return list[0]!
    const all = list.some((stack) => stacks.isUnion(stack))
      ? list.flatMap((stack) => (stacks.isUnion(stack) ? stacks.partsOf(stack) : [stack]))
      : list
    this.work.steps += all.length
    const parts = [...new Set(this.withoutSubsumed(all))].sort(rising)
    if (parts.length > this.limits.configurations) throw tooManyAtOnce(this.limits.configurations)
    return stacks.union(parts)
  }

  /** Of counters of a loop that have reached their least, the lowest allows all that the others do. */
  private withoutSubsumed(list: readonly number[]): readonly number[] {
    const { stacks, net } = this
    const { ops: kinds, values } = net.states
    const reached = (stack: number) => {
      const owner = stacks.ownerOf(stack)
      return owner > 0 && kinds[owner] === ops.LOOP && stacks.countOf(stack) >= net.loops[values[owner]!]!.min
    }
    const lowest = new Map<number, Map<number, number>>()
    for (const stack of list) {
      if (!reached(stack)) continue
      let counts = lowest.get(stacks.under(stack))
      if (!counts) lowest.set(stacks.under(stack), (counts = new Map<number, number>()))
      const best = counts.get(stacks.ownerOf(stack)) ?? Infinity
      counts.set(stacks.ownerOf(stack), Math.min(best, stacks.countOf(stack)))
    }
    if (lowest.size === 0) return list
    return list.filter(
      (stack) =>
        !reached(stack) || lowest.get(stacks.under(stack))!.get(stacks.ownerOf(stack)) === stacks.countOf(stack),
    )
  }

  /** Starts the tables again with these sets alone; returns their new numbers. */
  trim(live: readonly number[]): number[] {
    const old = live.map((set) => ({ accepts: this.accepts(set), list: this.configurationsOf(set) }))
    const before = this.stacks
    const reached = before.reachedFrom(old.flatMap(({ list }) => list.filter((_, i) => i % 2 === 1)))
    const counts = trimmedCounts(this.net, before, reached)
    this.stacks = new Stacks()
    this.sets = new Sets(this.classes.count)
    this.configurations = new Table()
    this.closure = new Closure(this.net, this.stacks, this.limits, this.work)
    const moved = new Map([[BOTTOM, BOTTOM]])
    for (const stack of reached) {
      const at = (other: number) => moved.get(other)!
      const again = before.isUnion(stack)
        ? this.stacks.union(before.partsOf(stack).map(at).sort(rising))
        : this.stacks.push(before.ownerOf(stack), counts(stack), at(before.under(stack)))
      moved.set(stack, again)
    }
    return old.map(({ accepts, list }) =>
      this.setOf(
        list.map((value, i) => (i % 2 === 0 ? value : moved.get(value)!)),
        accepts,
      ),
    )
  }
}

/** Configurations that are looked at in pairs; beyond, a table is faster. */
const FEW = 12

/** Whether they are few and no two have one state. */
function areApart(waiting: Int32Array, waits: number): boolean {
  if (waits > FEW) return false
  for (let i = 1; i < waits; i++) for (let j = 0; j < i; j++) if (waiting[2 * i] === waiting[2 * j]) return false
  return true
}

/** Into a list that rises. */
function insert(list: number[], value: number): void {
  let at = list.length
  list.push(value)
  for (; at > 0 && list[at - 1]! > value; at--) list[at] = list[at - 1]!
  list[at] = value
}

function byState(waiting: Int32Array, waits: number): Map<number, number[]> {
  const stacks = new Map<number, number[]>()
  for (let i = 0; i < waits * 2; i += 2) {
    const list = stacks.get(waiting[i]!)
    if (list) list.push(waiting[i + 1]!)
    else stacks.set(waiting[i]!, [waiting[i + 1]!])
  }
  return stacks
}

function rising(a: number, b: number): number {
  return a - b
}
