/**
 * Matches an expression in time that grows with the text and not with the ways to match it: a backtracking machine that goes
 * through each branch once at each character. What it finds is what backtracking finds. For expressions of unknown origin.
 */
import { SPACE, WORD_ALONE as WORD, type Node, type Place, type Repeat } from './syntax.js'

type Step =
  | { readonly op: 'set'; readonly has: (code: number) => boolean }
  /** Tries `next` first, then `other`. */
  | { readonly op: 'branch'; readonly index: number; next: number; other: number }
  | { readonly op: 'jump'; next: number }
  | { readonly op: 'place'; readonly place: Place }
  | { readonly op: 'look'; readonly index: number; next: number; readonly negated: boolean; readonly behind?: Widths }
  | { readonly op: 'atomic'; next: number }
  | { readonly op: 'end' }

/** Lengths that an expression can match, in characters. */
interface Widths {
  readonly least: number
  readonly most: number
}

const MOST_STEPS_OF_CODE = 20_000
/** Bits for branches times characters: 64 MB. */
const MOST_BITS = 2 ** 29
/** Looking ahead may still read the rest of a text at each of its characters. */
const STEPS = { once: 20_000_000, perCharacter: 100 }

/** The first match from `from` on; undefined for none. @throws RangeError when it takes too long. */
export type Find = (text: string, from: number) => readonly [start: number, end: number] | undefined

/** @throws SyntaxError for an expression that is too large, or looks behind without a limit. */
export function machine(node: Node): Find {
  const code = compile(node)
  let run: Run | undefined
  return (text, from) => {
    // Texts are searched from the left to the right, and what failed in one fails again.
    if (run?.text !== text || from < run.from) run = new Run(code, text)
    return run.find(from)
  }
}

interface Code {
  readonly steps: readonly Step[]
  readonly branches: number
}

function compile(node: Node): Code {
  const steps: Step[] = []
  const sets = new Map<string, (code: number) => boolean>()
  let branches = 0
  let looks = 0
  const add = <S extends Step>(step: S): S => {
    if (steps.push(step) > MOST_STEPS_OF_CODE) throw new SyntaxError('the expression is too large')
    return step
  }
  const branch = () => add({ op: 'branch', index: branches++, next: steps.length + 1, other: 0 })
  const member = (set: string): ((code: number) => boolean) => {
    const has = sets.get(set) ?? membership(set)
    sets.set(set, has)
    return has
  }
  /** Code that ends by itself, next to the way of the rest. */
  const aside = (body: Node): void => {
    emit(body)
    add({ op: 'end' })
  }
  const repeat = ({ body, least, most, lazy }: Repeat): void => {
    for (let i = 0; i < least; i++) emit(body)
    const exits: (() => void)[] = []
    const option = (): void => {
      const split = branch()
      const [inside, at] = [steps.length, split]
      exits.push(() => {
        ;[at.next, at.other] = lazy ? [steps.length, inside] : [inside, steps.length]
      })
    }
    if (most === Infinity) {
      const start = steps.length
      option()
      emit(body)
      add({ op: 'jump', next: start })
    } else
      for (let i = least; i < most; i++) {
        option()
        emit(body)
      }
    for (const exit of exits) exit()
  }
  const emit = (part: Node): void => {
    if (part.kind === 'set') add({ op: 'set', has: member(part.set) })
    else if (part.kind === 'sequence') part.parts.forEach(emit)
    else if (part.kind === 'repeat') repeat(part)
    else if (part.kind === 'place') add({ op: 'place', place: part.place })
    else if (part.kind === 'choice') {
      const ends: { next: number }[] = []
      part.options.forEach((option, i) => {
        const split = i < part.options.length - 1 ? branch() : undefined
        emit(option)
        if (split) ends.push(add({ op: 'jump', next: 0 }))
        if (split) split.other = steps.length
      })
      for (const end of ends) end.next = steps.length
    } else {
      const behind = part.kind === 'look' && part.behind ? boundedWidths(part.body) : undefined
      const aim =
        part.kind === 'look'
          ? add({ op: 'look', index: looks++, next: 0, negated: part.negated, ...(behind && { behind }) })
          : add({ op: 'atomic', next: 0 })
      aside(part.body)
      aim.next = steps.length
    }
  }
  aside(node)
  return { steps, branches }
}

function boundedWidths(node: Node): Widths {
  const widths = widthsOf(node)
  if (widths.most > 255) throw new SyntaxError('it looks behind without a limit')
  return widths
}

function widthsOf(node: Node): Widths {
  switch (node.kind) {
    case 'set':
      return { least: 1, most: 1 }
    case 'sequence':
      return node.parts
        .map(widthsOf)
        .reduce((a, b) => ({ least: a.least + b.least, most: a.most + b.most }), { least: 0, most: 0 })
    case 'choice': {
      const all = node.options.map(widthsOf)
      return { least: Math.min(...all.map((w) => w.least)), most: Math.max(...all.map((w) => w.most)) }
    }
    case 'repeat': {
      const { least, most } = widthsOf(node.body)
      return { least: least * node.least, most: most === 0 ? 0 : most * node.most }
    }
    case 'atomic':
      return widthsOf(node.body)
    default:
      return { least: 0, most: 0 }
  }
}

/** Whether a character is in a set, asked once for each. */
export function membership(set: string): (code: number) => boolean {
  const pattern = new RegExp(`^${set}$`, 'v')
  const known = new Uint8Array(0x10000)
  return (code) => {
    if (code > 0xffff) return pattern.test(String.fromCodePoint(code))
    known[code] ||= pattern.test(String.fromCharCode(code)) ? 2 : 1
    return known[code] === 2
  }
}

const isWord = membership(`[${WORD}]`)
export const isSpace = membership(`[${SPACE}]`)

const FAILED = -1

class Run {
  from = 0
  private readonly length: number
  /** Branches at places that are known to fail. */
  private readonly tried: Uint32Array
  /** Those of matches that are not decided. */
  private readonly marked: number[] = []
  private readonly looked = new Map<number, boolean>()
  private left: number

  constructor(
    private readonly code: Code,
    readonly text: string,
  ) {
    this.length = text.length
    const bits = code.branches * (this.length + 1)
    if (bits > MOST_BITS) throw new RangeError(`a text of ${this.length} characters is too long for the expression`)
    this.tried = new Uint32Array((bits >>> 5) + 1)
    this.left = STEPS.once + STEPS.perCharacter * this.length
  }

  find(from: number): readonly [number, number] | undefined {
    for (let start = from; start <= this.length; start += this.text.codePointAt(start)! > 0xffff ? 2 : 1) {
      this.from = start
      const end = this.match(0, start)
      if (end >= 0) return [start, end]
    }
    this.from = this.length
    return undefined
  }

  /** Where the code from step `first` on ends a match that begins at `place`; with `target` only there. */
  private match(first: number, place: number, target?: number): number {
    const base = this.marked.length
    const waiting = [first, place]
    let end = FAILED
    while (end === FAILED && waiting.length > 0) {
      const at = waiting.pop()!
      end = this.follow(waiting.pop()!, at, waiting, target)
    }
    // What a match went through has not failed, and with a target it may lead elsewhere.
    if (end !== FAILED || target !== undefined)
      for (const bit of this.marked.slice(base)) this.tried[bit >>> 5]! &= ~(1 << (bit & 31))
    this.marked.length = base
    return end
  }

  /** One way, up to its end or failure; its alternatives are put into `waiting`. */
  private follow(first: number, place: number, waiting: number[], target: number | undefined): number {
    for (let [pc, at] = [first, place]; ;) {
      const step = this.code.steps[pc]!
      if (--this.left < 0) throw new RangeError('the expression takes too long on this text')
      if (step.op === 'set') {
        const code = at < this.length ? this.text.codePointAt(at)! : FAILED
        if (code === FAILED || !step.has(code)) return FAILED
        at += code > 0xffff ? 2 : 1
        pc++
      } else if (step.op === 'branch') {
        if (!this.mark(step.index, at)) return FAILED
        waiting.push(step.other, at)
        pc = step.next
      } else if (step.op === 'jump') pc = step.next
      else if (step.op === 'place') {
        if (!this.isAt(step.place, at)) return FAILED
        pc++
      } else if (step.op === 'look') {
        if (this.look(step, pc + 1, at) === step.negated) return FAILED
        pc = step.next
      } else if (step.op === 'atomic') {
        at = this.match(pc + 1, at)
        if (at === FAILED) return FAILED
        pc = step.next
      } else return target === undefined || at === target ? at : FAILED
    }
  }

  /** False where the branch was tried at this place before. */
  private mark(branch: number, at: number): boolean {
    const bit = branch * (this.length + 1) + at
    if ((this.tried[bit >>> 5]! >>> (bit & 31)) & 1) return false
    this.tried[bit >>> 5]! |= 1 << (bit & 31)
    this.marked.push(bit)
    return true
  }

  private look(step: { index: number; behind?: Widths }, body: number, at: number): boolean {
    const key = step.index * (this.length + 1) + at
    const known = this.looked.get(key)
    if (known !== undefined) return known
    const found = step.behind ? this.isBehind(step.behind, body, at) : this.match(body, at) !== FAILED
    this.looked.set(key, found)
    return found
  }

  private isBehind({ least, most }: Widths, body: number, at: number): boolean {
    for (let [width, start] = [0, at]; width <= most && start >= 0; width++) {
      if (width >= least && this.match(body, start, at) !== FAILED) return true
      start -= start >= 2 && this.text.codePointAt(start - 2)! > 0xffff ? 2 : 1
    }
    return false
  }

  private isAt(place: Place, at: number): boolean {
    const { text, length } = this
    switch (place) {
      case 'textStart':
        return at === 0
      case 'textEnd':
        return at === length
      case 'lastLineEnd':
        return at === length || (at === length - 1 && text[at] === '\n')
      case 'lineStart':
        return at === 0 || text[at - 1] === '\n'
      case 'lineEnd':
        return at === length || text[at] === '\n'
      default: {
        const before =
          at > 0 && isWord(text.codePointAt(at >= 2 && text.codePointAt(at - 2)! > 0xffff ? at - 2 : at - 1)!)
        const after = at < length && isWord(text.codePointAt(at)!)
        return (before !== after) === (place === 'wordEdge')
      }
    }
  }
}
