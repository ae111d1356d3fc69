/**
 * A network run as an automaton of sets, worked out as it is asked. A set holds the configurations (state of the network, stack)
 * that are possible at one place; stacks are kept once each and shared from below. A set has one configuration for each state of the
 * network: where a state is reached with several stacks they become a union, which is opened again when a frame ends.
 */
import type { Node } from '../syntax/nodes.js'
import { classesOf, type ByteClasses } from './classes.js'
import { Facts, type LanguageOf } from './facts.js'
import type { GrammarLimits } from './limits.js'
import * as network from './network.js'
import { grown, Table } from './table.js'

export const DEAD = 0
const UNKNOWN = -1
/** In place of a frame's state: its count is the number of a union. */
const UNION = -2
const BOTTOM = 0

export class Machine {
  readonly facts: Facts
  readonly net: network.Network
  readonly classes: ByteClasses
  /** Work done so far, as a count of configurations. */
  steps = 0
  initial = DEAD
  private frames = new Table()
  private configurations = new Table()
  private unions: (readonly number[])[] = []
  private unionIds = new Map<string, number>()
  private sets: Int32Array[] = []
  private accepting: boolean[] = []
  private setIds = new Map<number, number[]>()
  private nexts: Int32Array<ArrayBuffer>
  private seen = new Int32Array(256)
  private stamp = 0
  private setBytes = 0

  /** @throws UserError grammar_too_complex, invalid_grammar (left recursion) */
  constructor(
    root: Node,
    languageOf: LanguageOf,
    readonly limits: GrammarLimits,
  ) {
    this.facts = new Facts(root, languageOf, limits)
    this.net = new network.Network(this.facts, languageOf)
    this.classes = classesOf(this.facts, languageOf)
    this.nexts = new Int32Array(this.classes.count * 16).fill(UNKNOWN)
    this.clear()
    if (this.facts.ends(root)) this.initial = this.close([[this.net.build(root, network.RETURN), BOTTOM]])
  }

  go(set: number, byte: number): number {
    return this.goClass(set, this.classes.of[byte]!)
  }

  goClass(set: number, byteClass: number): number {
    const next = this.nexts[set * this.classes.count + byteClass]!
    return next === UNKNOWN ? this.step(set, byteClass) : next
  }

  accepts(set: number): boolean {
    return this.accepting[set]!
  }

  get bytes(): number {
    const { frames, configurations, nexts, seen, net } = this
    return frames.bytes + configurations.bytes + (nexts.length + seen.length) * 4 + this.setBytes + net.ops.length * 48
  }

  private clear(): void {
    this.frames = new Table()
    this.frames.idOf(-1, -1, -1)
    this.configurations = new Table()
    this.unions = []
    this.unionIds = new Map()
    this.sets = []
    this.accepting = []
    this.setIds = new Map()
    this.setBytes = 0
    this.nexts.fill(UNKNOWN)
    this.intern([], false)
  }

  private step(set: number, byteClass: number): number {
    const byte = this.classes.example[byteClass]!
    const { a: states, b: stacks } = this.configurations
    const out: [number, number][] = []
    for (const id of this.sets[set]!) {
      const state = states[id]!
      const stack = stacks[id]!
      this.steps++
      if (this.net.ops[state] === network.BYTES) {
        const edges = this.net.lists[state]!
        for (let i = 0; i < edges.length; i += 3)
          if (byte >= edges[i]! && byte <= edges[i + 1]!) out.push([edges[i + 2]!, stack])
      } else this.stepLanguage(state, stack, byte, out)
    }
    const to = out.length === 0 ? DEAD : this.close(out)
    this.nexts[set * this.classes.count + byteClass] = to
    return to
  }

  private stepLanguage(state: number, stack: number, byte: number, out: [number, number][]): void {
    const language = this.net.languages[this.net.values[state]!]!
    for (const frame of this.alternatives(stack)) {
      const next = language.next(this.frames.b[frame]!, byte)
      if (next !== 0) out.push([state, this.frames.idOf(state, next, this.frames.c[frame]!)])
    }
  }

  /** The stacks that a stack stands for: itself, or those of a union. */
  private alternatives(stack: number): readonly number[] {
    return this.frames.a[stack] === UNION ? this.unions[this.frames.b[stack]!]! : [stack]
  }

  /** The set that is reached from these configurations without a byte. */
  private close(from: readonly (readonly [number, number])[]): number {
    const closure = new Closure(this.net, this.frames, this.limits, (stack) => this.alternatives(stack))
    const stamp = ++this.stamp
    const todo: number[] = []
    const kept: number[] = []
    const push = (state: number, stack: number) => {
      const id = this.configurations.idOf(state, stack, 0)
      if (id >= this.seen.length) this.seen = grown(this.seen, id + 1)
      if (this.seen[id] === stamp) return
      this.seen[id] = stamp
      todo.push(id)
    }
    for (const [state, stack] of from) push(state, stack)
    for (let id = todo.pop(); id !== undefined; id = todo.pop()) {
      this.steps++
      if (closure.follow(this.configurations.a[id]!, this.configurations.b[id]!, push)) kept.push(id)
    }
    const set = kept.length > 1 ? this.merged(this.withoutSubsumed(kept)) : kept
    return this.intern(set, closure.accepts)
  }

  /** Of counters of a loop that have reached their least, the lowest allows all that the others do. */
  private withoutSubsumed(kept: readonly number[]): readonly number[] {
    const lowest = new Map<string, number>()
    const keyOf = (id: number): string | undefined => {
      const stack = this.configurations.b[id]!
      const state = this.frames.a[stack]!
      if (state < 0 || this.net.ops[state] !== network.LOOP) return undefined
      if (this.frames.b[stack]! < this.net.loops[this.net.values[state]!]!.min) return undefined
      return `${this.configurations.a[id]!} ${state} ${this.frames.c[stack]!}`
    }
    const countOf = (id: number) => this.frames.b[this.configurations.b[id]!]!
    for (const id of kept) {
      const key = keyOf(id)
      if (key === undefined) continue
      const best = lowest.get(key)
      if (best === undefined || countOf(id) < countOf(best)) lowest.set(key, id)
    }
    if (lowest.size === 0) return kept
    const best = new Set(lowest.values())
    return kept.filter((id) => best.has(id) || keyOf(id) === undefined)
  }

  /** One configuration for each state. */
  private merged(kept: readonly number[]): readonly number[] {
    const stacksOf = new Map<number, number[]>()
    for (const id of kept) {
      const state = this.configurations.a[id]!
      const stacks = stacksOf.get(state)
      if (stacks) stacks.push(this.configurations.b[id]!)
      else stacksOf.set(state, [this.configurations.b[id]!])
    }
    if (stacksOf.size === kept.length) return kept
    return Array.from(stacksOf, ([state, stacks]) => this.configurations.idOf(state, this.union(stacks), 0))
  }

  private union(stacks: readonly number[]): number {
    if (stacks.length === 1) return stacks[0]!
    const all = [...new Set(stacks.flatMap((stack) => this.alternatives(stack)))].sort((x, y) => x - y)
    this.steps += all.length
    const key = all.join()
    let id = this.unionIds.get(key)
    if (id === undefined) {
      id = this.unions.length
      this.unions.push(all)
      this.unionIds.set(key, id)
      this.setBytes += all.length * 16 + 100
    }
    return this.frames.idOf(UNION, id, -1)
  }

  private intern(list: readonly number[], accept: boolean): number {
    const set = Int32Array.from(list).sort()
    let hash = accept ? 1 : 0
    for (const id of set) hash = Math.imul(hash ^ id, 0x9e3779b1) ^ (hash >>> 13)
    const same = this.setIds.get(hash)
    for (const id of same ?? []) if (this.accepting[id] === accept && equal(this.sets[id]!, set)) return id
    const id = this.sets.length
    this.steps += 16 + 2 * set.length
    this.sets.push(set)
    this.accepting.push(accept)
    if (same) same.push(id)
    else this.setIds.set(hash, [id])
    this.setBytes += set.length * 4 + 160
    if (this.sets.length * this.classes.count > this.nexts.length) this.nexts = grown(this.nexts, 0, UNKNOWN)
    return id
  }

  /** Starts the tables anew with these sets alone; returns their new numbers. */
  trim(live: readonly number[]): number[] {
    const { frames, unions } = this
    const { a: states, b: stacks } = this.configurations
    const old = live.map((set) => ({
      accept: this.accepting[set]!,
      list: Array.from(this.sets[set]!, (id) => [states[id]!, stacks[id]!] as const),
    }))
    this.nexts = new Int32Array(this.classes.count * 16)
    this.seen = new Int32Array(256)
    this.stamp = 0
    this.clear()
    const moved = new Map([[BOTTOM, BOTTOM]])
    for (const stack of reached(
      old.flatMap(({ list }) => list.map(([, stack]) => stack)),
      frames,
      unions,
    )) {
      const [a, b, c] = [frames.a[stack]!, frames.b[stack]!, frames.c[stack]!]
      moved.set(
        stack,
        a === UNION ? this.union(unions[b]!.map((part) => moved.get(part)!)) : this.frames.idOf(a, b, moved.get(c)!),
      )
    }
    this.initial = DEAD
    return old.map(({ accept, list }) =>
      list.length === 0 && !accept
        ? DEAD
        : this.intern(
            list.map(([state, stack]) => this.configurations.idOf(state, moved.get(stack)!, 0)),
            accept,
          ),
    )
  }
}

/** All frames below these, in the order in which they were made: what a frame stands on was there before it. */
function reached(from: readonly number[], frames: Table, unions: readonly (readonly number[])[]): number[] {
  const found = new Set<number>()
  const todo = [...from]
  for (let stack = todo.pop(); stack !== undefined; stack = todo.pop()) {
    if (stack === BOTTOM || found.has(stack)) continue
    found.add(stack)
    if (frames.a[stack] === UNION) for (const part of unions[frames.b[stack]!]!) todo.push(part)
    else todo.push(frames.c[stack]!)
  }
  return [...found].sort((x, y) => x - y)
}

function equal(a: Int32Array, b: Int32Array): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

type Push = (state: number, stack: number) => void

/** What the states of a network do without a byte. */
class Closure {
  accepts = false

  constructor(
    private readonly net: network.Network,
    private readonly frames: Table,
    private readonly limits: GrammarLimits,
    private readonly alternatives: (stack: number) => readonly number[],
  ) {}

  /** Goes on from a configuration; true where it waits for a byte. */
  follow(state: number, stack: number, push: Push): boolean {
    const { net } = this
    const next = net.nexts[state]!
    switch (net.ops[state]) {
      case network.BYTES:
        return true
      case network.SPLIT:
        for (const to of net.lists[state]!) push(to, stack)
        return false
      case network.CALL:
        // At the end of a rule nothing is left to come back to.
        push(net.ruleStart(net.values[state]!), next === network.RETURN ? stack : this.frame(next, -1, stack))
        return false
      case network.LOOP: {
        const loop = net.loops[net.values[state]!]!
        push(loop.body, this.frame(state, 1, stack))
        if (loop.min === 0) push(next, stack)
        return false
      }
      case network.LANGUAGE: {
        const language = net.languages[net.values[state]!]!
        push(next, this.frame(next, language.start, stack))
        return false
      }
      case network.MEMBERS: {
        const run = net.members[net.values[state]!]!
        if (run.sets.mayEnd(0)) push(next, stack)
        this.pick(run, this.frame(state, 0, stack), push)
        return false
      }
      case network.LATER:
      case network.TEXTS:
        net.expand(state)
        return this.follow(state, stack, push)
      default: {
        let waits = false
        for (const frame of this.alternatives(stack)) waits = this.leave(state, frame, push) || waits
        return waits
      }
    }
  }

  /** What is after the frame on top, or goes on within it. */
  private leave(state: number, frame: number, push: Push): boolean {
    const { net, frames } = this
    const owner = frames.a[frame]!
    const count = frames.b[frame]!
    const under = frames.c[frame]!
    switch (net.ops[state]) {
      case network.RETURN:
        if (frame === BOTTOM) this.accepts = true
        else push(owner, under)
        return false
      case network.LOOP_END: {
        const { min, max, body } = net.loops[net.values[owner]!]!
        if (count < max) push(body, this.frame(owner, max === Infinity ? Math.min(count + 1, min) : count + 1, under))
        if (count >= min) push(net.nexts[owner]!, under)
        return false
      }
      case network.LANGUAGE_RUN:
        if (net.languages[net.values[state]!]!.accepts(count)) push(net.nexts[state]!, under)
        return true
      case network.MEMBER_END: {
        const run = net.members[net.values[owner]!]!
        const used = run.sets.with(count, net.values[state]!)
        if (run.sets.mayEnd(used)) push(net.nexts[owner]!, under)
        if (run.sets.mayGoOn(used)) push(run.separator, this.frame(owner, used, under))
        return false
      }
      case network.MEMBER_PICK:
        this.pick(net.members[net.values[owner]!]!, frame, push)
        return false
      default:
        throw new Error('internal error: a state that does nothing')
    }
  }

  private pick(run: network.Members, frame: number, push: Push): void {
    const used = this.frames.b[frame]!
    for (const index of run.sets.open(used)) push(this.net.bodyOfMember(run, index), frame)
    if (run.sets.restOpen(used)) push(run.rest, frame)
  }

  private frame(state: number, count: number, under: number): number {
    return this.frames.idOf(state, count, under)
  }
}
