import { invariant } from '../../errors.js'
import { valuesOf } from '../../graph/ops.js'
import { allOps, type Program } from '../../graph/program.js'
import { align } from '../align.js'
import { hasOwnRows, memoryOf, worksInPlace, type Buffer, type BufferAt, type Call, type Operand } from './calls.js'
import type { Lowering } from './lower/lowering.js'

/** Rows that cross between banks just before call `before` runs. */
export interface Crossing {
  readonly before: number
  readonly from: { bank: number; buffer: Buffer }
  readonly to: { bank: number; buffer: Buffer }
}

/** Addresses of all activations, relative to the start of their bank's activation area. */
export interface BufferAssignment {
  readonly offsets: ReadonlyMap<Buffer, number>
  /** Bytes of the area, per bank. */
  readonly bytes: readonly number[]
  readonly crossings: readonly Crossing[]
}

/** From the first call that touches a buffer to the last. */
interface Life {
  readonly bank: number
  first: number
  last: number
}

interface Placed {
  readonly last: number
  readonly until: number
  readonly offset: number
  readonly end: number
}

/**
 * Gives each buffer a place for as long as it lives (first fit), so that layers reuse the same memory; a result that may be
 * written over an operand which ends there takes that one's place.
 */
export function assignBuffers(
  calls: readonly Call[],
  crossings: readonly Crossing[],
  nBanks: number,
  sizeOf: (buffer: Buffer) => number,
  keep: readonly Buffer[],
): BufferAssignment {
  const lives = livesOf(calls, crossings, keep)
  const unlimited = new Array<number>(nBanks).fill(Infinity)
  const dense = placeAll(calls, lives, sizeOf, (life) => life.last, unlimited)
  // Where it costs no memory, what a thread still works on is not written over: no barrier is needed for it.
  const ends = endsOfOwnRows(calls)
  const apart = placeAll(calls, lives, sizeOf, (life) => ends[life.last] ?? life.last, dense.bytes)
  const fits = apart.bytes.every((bytes, bank) => bytes <= dense.bytes[bank]!)
  return { ...(fits ? apart : dense), crossings }
}

function livesOf(calls: readonly Call[], crossings: readonly Crossing[], keep: readonly Buffer[]): Map<Buffer, Life> {
  const lives = new Map<Buffer, Life>()
  const touch = (buffer: Buffer, bank: number, at: number): void => {
    const life = lives.get(buffer)
    if (!life) lives.set(buffer, { bank, first: at, last: at })
    else [life.first, life.last] = [Math.min(life.first, at), Math.max(life.last, at)]
  }
  calls.forEach(({ reads, writes, bank }, i) => {
    for (const b of [...memoryOf(reads), ...memoryOf(writes)]) if (typeof b !== 'string') touch(b, bank, i)
  })
  for (const c of crossings) {
    touch(c.from.buffer, c.from.bank, c.before)
    touch(c.to.buffer, c.to.bank, c.before)
  }
  for (const buffer of keep) touch(buffer, lives.get(buffer)!.bank, calls.length)
  return lives
}

/** Of each call, the last of those after it that do each row by itself, without one between them that does not. */
function endsOfOwnRows(calls: readonly Call[]): number[] {
  const ends = calls.map((_, i) => i)
  for (let i = calls.length - 2; i >= 0; i--)
    if (hasOwnRows(calls[i]!.kernel) && hasOwnRows(calls[i + 1]!.kernel)) ends[i] = ends[i + 1]!
  return ends
}

/** `untilOf`: up to which call nothing else lies in a buffer's place, where the area need not be larger than `limits` for it. */
function placeAll(
  calls: readonly Call[],
  lives: ReadonlyMap<Buffer, Life>,
  sizeOf: (buffer: Buffer) => number,
  untilOf: (life: Life) => number,
  limits: readonly number[],
): Omit<BufferAssignment, 'crossings'> {
  const offsets = new Map<Buffer, number>()
  const bytes = limits.map(() => 0)
  /** What lies in each bank and may still live: lives come by their first call. */
  const placed = bytes.map((): Placed[] => [])
  for (const [buffer, life] of [...lives].sort(([, a], [, b]) => a.first - b.first)) {
    const { bank, first } = life
    const size = align(sizeOf(buffer))
    const operand = overwritable(calls[first], buffer, lives)
    const over = operand && offsets.get(operand)
    const near = placed[bank]!.filter((n) => n.until >= first && n.offset !== over)
    let at = over ?? firstFit(near, size)
    // Logits take most of the area, once a step: what is there with them stays dense.
    if (over === undefined && (buffer.rows === 'R' || at + size > limits[bank]!))
      at = firstFit(
        near.filter((n) => n.last >= first),
        size,
      )
    offsets.set(buffer, at)
    placed[bank] = [...near, { last: life.last, until: untilOf(life), offset: at, end: at + size }]
    bytes[bank] = Math.max(bytes[bank]!, at + size)
  }
  return { offsets, bytes }
}

/** Sorts what lies there. */
function firstFit(neighbours: Placed[], size: number): number {
  neighbours.sort((a, b) => a.offset - b.offset)
  let at = 0
  for (const n of neighbours) {
    if (at + size <= n.offset) break
    at = Math.max(at, n.end)
  }
  return at
}

/** The operand in whose place the call may write `out`: of the same rows, and read by no later call. */
function overwritable(call: Call | undefined, out: Buffer, lives: ReadonlyMap<Buffer, Life>): Buffer | undefined {
  if (!call || !worksInPlace(call.kernel)) return undefined
  const to = rowsAt(call.writes.out)
  if (to?.buffer !== out || out.extra) return undefined
  const { first, bank } = lives.get(out)!
  const fits = ({ buffer, offset }: BufferAt): boolean => {
    const life = lives.get(buffer)!
    const alike = buffer.rowBytes === out.rowBytes && buffer.rows === out.rows && buffer.multiple === out.multiple
    return alike && !buffer.extra && offset === to.offset && life.bank === bank && life.last === first
  }
  return Object.values(call.reads)
    .map(rowsAt)
    .find((operand) => operand && fits(operand))?.buffer
}

function rowsAt(operand: Operand | undefined): BufferAt | undefined {
  return operand && 'buffer' in operand ? operand : undefined
}

/** Values that were written in one bank and are read in another, from the program and the banks of its ops. */
export function findCrossings(
  program: Program,
  bankOf: readonly number[],
  lowering: Lowering,
  firstLowered: readonly number[],
): Crossing[] {
  const crossings: Crossing[] = []
  /** Where the newest copy of a value is: its home bank and the banks it was brought to since. */
  const copies = new Map<number, { home: number; banks: Set<number> }>()
  allOps(program).forEach(({ op }, i) => {
    const bank = bankOf[i]!
    const { reads, writes } = valuesOf(op)
    // An op may write a part of a value, so what it writes must be here too if it exists already.
    for (const value of new Set([...reads, ...writes.filter((w) => copies.has(w.id))])) {
      const copy = copies.get(value.id)
      invariant(copy, `value ${value.id} is read before it is written`)
      if (copy.banks.has(bank)) continue
      copy.banks.add(bank)
      const from = { bank: copy.home, buffer: lowering.bufferOf(value, copy.home) }
      crossings.push({ before: firstLowered[i]!, from, to: { bank, buffer: lowering.bufferOf(value, bank) } })
    }
    for (const value of writes) copies.set(value.id, { home: bank, banks: new Set([bank]) })
  })
  return crossings
}
