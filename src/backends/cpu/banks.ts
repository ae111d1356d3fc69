import { UserError } from '../../errors.js'
import { statesOf, weightsOf, type Op } from '../../graph/ops.js'
import type { PlacedOp, Program } from '../../graph/program.js'
import { statePageBytes } from './lower/lowering.js'
import { placedBytes, type PlacedWeight } from './weights.js'

/** Largest 32-bit WebAssembly memory. */
export const MAX_BANK_BYTES = 65536 * 65536

/** Which bank each op runs in. Weights that two ops share (tied embeddings) pull the second op back to the first's bank. */
export interface BankPlan {
  /** Per op of the program, the draft's behind the others. */
  readonly bankOf: number[]
  readonly count: number
  /** Cache states of each bank. */
  readonly states: number[][]
  /** Recurrent states of each bank. */
  readonly recurrents: number[][]
}

/** Slots of recurrent states that must fit beside a bank's weights. */
const SLOTS = 4

/**
 * Fills banks with runs of whole layers. `reserve` bytes of each bank stay free for activations, and `pages` cache pages
 * must fit beside the weights.
 * @throws UserError when one layer is larger than a bank.
 */
export function planBanks(
  program: Program,
  weights: ReadonlyMap<string, PlacedWeight>,
  bankBytes: number,
  reserve: number,
  pages: number,
  cacheBytes: number,
): BankPlan {
  const bankOf: number[] = []
  const states: number[][] = [[]]
  const recurrents: number[][] = [[]]
  const placed = new Map<string, number>()
  const capacity = bankBytes - reserve
  let bank = 0
  let used = 0
  for (const group of [...layerGroups(program.ops), ...layerGroups(program.draft?.ops ?? [])]) {
    const fresh = new Set(
      group.flatMap(({ op }) => weightsOf(op).map((w) => w.name)).filter((name) => !placed.has(name)),
    )
    const cache = group.reduce((sum, { op }) => {
      if ('recurrent' in op) return sum + op.recurrent.floats * 4 * SLOTS
      const bytes = statesOf(op).map((state) => statePageBytes(state, cacheBytes))
      return bytes.reduce((all, { keys, values }) => all + (keys + values) * pages, sum)
    }, 0)
    const bytes = [...fresh].reduce((sum, name) => sum + placedBytes(weights.get(name)!), cache)
    if (used > 0 && used + bytes > capacity) {
      bank++
      used = 0
      states.push([])
      recurrents.push([])
    }
    if (bytes > capacity)
      throw new UserError(
        `layer ${group[0]!.layer} needs ${gigabytes(bytes)} with its cache, and one WebAssembly memory has room for ${gigabytes(capacity)}; ` +
          'try --quantize q4, a shorter --context, or a checkpoint with fewer bits per weight',
        'out_of_memory',
      )
    used += bytes
    for (const name of fresh) {
      placed.set(name, bank)
      weights.get(name)!.bank = bank
    }
    for (const { op } of group) {
      bankOf.push(homeOf(op, placed) ?? bank)
      for (const state of statesOf(op)) states[bank]!.push(state.id)
      if ('recurrent' in op) recurrents[bank]!.push(op.recurrent.id)
    }
  }
  return { bankOf, count: bank + 1, states, recurrents }
}

/** Runs of ops of one layer; the rows-of-logits end of the program is a group of its own. */
function layerGroups(ops: readonly PlacedOp[]): PlacedOp[][] {
  const groups: PlacedOp[][] = []
  let key = ''
  let head = false
  for (const placed of ops) {
    head ||= placed.op.op === 'selectRows'
    const next = head ? 'head' : placed.op.op === 'embed' ? 'embed' : String(placed.layer)
    if (next !== key) groups.push([])
    key = next
    groups.at(-1)!.push(placed)
  }
  return groups
}

function homeOf(op: Op, placed: ReadonlyMap<string, number>): number | undefined {
  const first = weightsOf(op)[0]
  return first && placed.get(first.name)
}

export function gigabytes(bytes: number): string {
  return bytes >= 1e9 ? `${(bytes / 1e9).toFixed(2)} GB` : `${(bytes / 1e6).toFixed(1)} MB`
}
