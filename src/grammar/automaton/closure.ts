/** What a network reaches without a byte: from some configurations (state, stack) all those that wait for one. */
import { tooManyAtOnce, type GrammarLimits, type Work } from './limits.js'
import type { Members, Network } from './network.js'
import { BOTTOM, type Stacks } from './stacks.js'
import * as ops from './states.js'
import { grown } from './table.js'

export class Closure {
  /** Whether the text may end. */
  accepts = false
  /** Configurations that wait for a byte: `waits` times state, stack. */
  waiting = new Int32Array(64)
  waits = 0
  private states = new Int32Array(64)
  private stacks = new Int32Array(64)
  private size = 0
  private slots = new Int32Array(128)
  private idle: { owner: number; under: number; count: number }[] = []

  constructor(
    private readonly net: Network,
    private readonly tree: Stacks,
    private readonly limits: GrammarLimits,
    private readonly work: Work,
  ) {
    this.slots.fill(-1)
  }

  begin(): void {
    // A large table is not emptied for the sake of small sets after it.
    if (this.slots.length > 4096 && this.size * 16 < this.slots.length) this.slots = new Int32Array(128)
    this.slots.fill(-1)
    this.size = 0
    this.waits = 0
    if (this.idle.length > 0) this.idle = []
    this.accepts = false
  }

  /** A configuration to continue from; one whose end would need too deep a stack is left out. */
  push(state: number, stack: number): void {
    if (this.tree.depthOf(stack) + this.net.states.needs[state]! > this.limits.depth) return
    const wrap = this.slots.length - 1
    const slot = this.slotOf(state, stack, wrap)
    if (this.slots[slot]! >= 0) return
    const at = this.size++
    if (at === this.states.length) {
      this.states = grown(this.states)
      this.stacks = grown(this.stacks)
    }
    this.states[at] = state
    this.stacks[at] = stack
    this.slots[slot] = at
    if (this.size * 2 > this.slots.length) this.rehash()
  }

  /** @throws UserError grammar_too_complex */
  run(): void {
    const most = this.limits.configurations
    for (let at = 0; at < this.size; at++) {
      if (at >= most) throw tooManyAtOnce(most)
      this.work.steps++
      this.follow(this.states[at]!, this.stacks[at]!)
    }
  }

  private wait(state: number, stack: number): void {
    const at = this.waits++ * 2
    if (at === this.waiting.length) this.waiting = grown(this.waiting)
    this.waiting[at] = state
    this.waiting[at + 1] = stack
  }

  private follow(state: number, stack: number): void {
    const { states } = this.net
    const value = states.values[state]!
    const next = states.nexts[state]!
    switch (states.ops[state]) {
      case ops.BYTES:
      case ops.TEXT:
        return this.wait(state, stack)
      case ops.SPLIT:
        for (const to of states.listOf(state)) this.push(to, stack)
        return
      case ops.CALL:
        // At the end of a rule nothing is left to come back to.
        return this.push(this.net.ruleStart(value), next === ops.RETURN ? stack : this.tree.push(next, -1, stack))
      case ops.LOOP: {
        const { body, min, idle } = this.net.loops[value]!
        if (idle) this.goRound(state, 1, stack)
        this.push(body, this.tree.push(state, 1, stack))
        if (min === 0) this.push(next, stack)
        return
      }
      case ops.LANGUAGE:
        return this.push(next, this.tree.push(next, this.net.languages[value]!.start, stack))
      case ops.MEMBERS: {
        const run = this.net.members[value]!
        if (run.sets.mayEnd(0)) this.push(next, stack)
        return this.pick(run, this.tree.push(state, 0, stack))
      }
      case ops.LATER:
      case ops.TEXTS:
        this.net.expand(state)
        return this.follow(state, stack)
      default:
        return this.leaveAll(state, stack)
    }
  }

  private leaveAll(state: number, stack: number): void {
    if (!this.tree.isUnion(stack)) return this.leave(state, stack)
    const parts = this.tree.partsOf(stack)
    this.work.steps += parts.length
    for (const part of parts) this.leave(state, part)
  }

  /** What is after the frame on top, or continues within it. */
  private leave(state: number, frame: number): void {
    const { net, tree } = this
    const { states } = net
    const owner = tree.ownerOf(frame)
    const count = tree.countOf(frame)
    const under = tree.under(frame)
    switch (states.ops[state]) {
      case ops.RETURN:
        if (frame === BOTTOM) this.accepts = true
        else this.push(owner, under)
        return
      case ops.LOOP_END: {
        const { min, max, body, idle } = net.loops[states.values[owner]!]!
        const rounds = max === Infinity ? Math.min(count + 1, min) : count + 1
        if (count < max && !(idle && this.wentRound(owner, rounds, under))) {
          if (idle) this.goRound(owner, rounds, under)
          this.push(body, tree.push(owner, rounds, under))
        }
        if (count >= min) this.push(states.nexts[owner]!, under)
        return
      }
      case ops.LANGUAGE_RUN:
        if (net.languages[states.values[state]!]!.accepts(count)) this.push(states.nexts[state]!, under)
        return this.wait(state, frame)
      case ops.MEMBER_END: {
        const { sets, separator } = net.members[states.values[owner]!]!
        const used = sets.with(count, states.values[state]!)
        if (sets.mayEnd(used)) this.push(states.nexts[owner]!, under)
        if (sets.mayGoOn(used)) this.push(separator, tree.push(owner, used, under))
        return
      }
      case ops.MEMBER_PICK:
        return this.pick(net.members[states.values[owner]!]!, frame)
      case ops.MEMBER_TEXTS:
        return this.memberTexts(state, owner, frame)
      default:
        throw new Error('internal error: a state that does nothing')
    }
  }

  private pick(run: Members, frame: number): void {
    const used = this.tree.countOf(frame)
    if (run.texts >= 0) this.push(run.texts, frame)
    for (const index of run.others)
      if (run.sets.isOpen(used, index)) this.push(this.net.bodyOfMember(run, index), frame)
    if (run.sets.restIsOpen(used)) this.push(run.rest, frame)
    this.work.steps += run.others.length
  }

  private memberTexts(state: number, owner: number, frame: number): void {
    const { net, tree } = this
    const value = net.states.values[state]!
    const { sets } = net.members[net.states.values[owner]!]!
    const used = tree.countOf(frame)
    if (sets.firstOpen(used, net.memberTexts[value]!.indices) < 0) return
    const { ends, edges } = net.memberTextsOf(value)
    for (const [index, to] of ends) if (sets.isOpen(used, index)) this.push(to, frame)
    if (edges.length > 0) this.wait(state, frame)
  }

  /** Rounds of a loop whose body may be nothing are begun once: more rounds of it allow no more. */
  private wentRound(owner: number, count: number, under: number): boolean {
    return this.idle.some((round) => round.owner === owner && round.under === under && round.count <= count)
  }

  private goRound(owner: number, count: number, under: number): void {
    this.idle.push({ owner, under, count })
  }

  private slotOf(state: number, stack: number, wrap: number): number {
    let slot = hash(state, stack) & wrap
    for (let at = this.slots[slot]!; at >= 0; at = this.slots[slot]!) {
      if (this.states[at] === state && this.stacks[at] === stack) return slot
      slot = (slot + 1) & wrap
    }
    return slot
  }

  private rehash(): void {
    this.slots = new Int32Array(this.slots.length * 2).fill(-1)
    const wrap = this.slots.length - 1
    for (let at = 0; at < this.size; at++) this.slots[this.slotOf(this.states[at]!, this.stacks[at]!, wrap)] = at
  }
}

function hash(state: number, stack: number): number {
  const mixed = Math.imul(state, 0x9e3779b1) ^ Math.imul(stack, 0x85ebca6b)
  return mixed ^ (mixed >>> 15)
}
