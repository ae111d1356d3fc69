import { invariant } from '../../errors.js'
import { valuesOf } from '../../graph/ops.js'
import { allOps, type Program } from '../../graph/program.js'
import { align } from '../align.js'
import { memoryOf, worksInPlace, type Buffer, type BufferAt, type Call, type Operand } from './calls.js'
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

interface Life {
  readonly bank: number
  first: number
  last: number
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

  const offsets = new Map<Buffer, number>()
  const bytes = new Array<number>(nBanks).fill(0)
  /** What lies in each bank and may still live: lives come by their first call. */
  const placed = bytes.map((): { last: number; offset: number; end: number }[] => [])
  for (const [buffer, life] of [...lives].sort(([, a], [, b]) => a.first - b.first)) {
    const size = align(sizeOf(buffer))
    const over = offsets.get(overwritable(calls[life.first], buffer, lives)!)
    const neighbours = placed[life.bank]!.filter((n) => n.last >= life.first && n.offset !== over)
    const at = over ?? firstFit(neighbours, size)
    offsets.set(buffer, at)
    placed[life.bank] = [...neighbours, { last: life.last, offset: at, end: at + size }]
    bytes[life.bank] = Math.max(bytes[life.bank]!, at + size)
  }
  return { offsets, bytes, crossings }
}

/** Sorts what lies there. */
function firstFit(neighbours: { offset: number; end: number }[], size: number): number {
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
