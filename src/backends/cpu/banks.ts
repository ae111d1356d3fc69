import prettyBytes from 'pretty-bytes'
import { UserError } from '../../errors.js'
import { statesOf, weightsOf, type Op, type Weight } from '../../graph/ops.js'
import { allOps, type PlacedOp, type Program } from '../../graph/program.js'
import { divideExperts } from '../plan/divide-experts.js'
import { statePageBytes, type CacheFormat } from '../formats/cache-format.js'
import { placedBytes, type PlacedWeight } from './places.js'

/** Largest 32-bit WebAssembly memory. */
export const MAX_BANK_BYTES = 65536 * 65536

/** Which bank each op runs in. Weights that two ops share (tied embeddings) pull the second op back to the first's bank. */
export interface BankAssignment {
  /** The program, with the experts of a layer that is larger than a bank in parts. */
  readonly program: Program
  /** Per op of this program, the draft's after the others. */
  readonly bankOf: number[]
  readonly count: number
  /** Cache states of each bank. */
  readonly states: number[][]
  /** Recurrent states of each bank. */
  readonly recurrents: number[][]
}

/** Slots of recurrent states that must fit next to a bank's weights. */
const MIN_STATE_SLOTS = 4

/**
 * Fills banks with runs of whole layers. `reserve` bytes of each bank stay free for activations, and `pages` cache pages
 * must fit next to the weights. Experts of a layer that is larger than a bank are divided between several.
 * @throws UserError when one expert, or the rest of a layer, is larger than a bank.
 */
export function assignBanks(
  program: Program,
  weights: ReadonlyMap<string, PlacedWeight>,
  bankBytes: number,
  reserve: number,
  pages: number,
  cache: CacheFormat,
): BankAssignment {
  const banks = new Map<PlacedOp, number>()
  const states: number[][] = [[]]
  const recurrents: number[][] = [[]]
  const placed = new Map<string, number>()
  const capacity = bankBytes - reserve
  let bank = 0
  let used = 0
  const freshOf = (names: readonly Weight[]): Set<string> =>
    new Set(names.map((w) => w.name).filter((name) => !placed.has(name)))
  const bytesOf = (own: readonly Weight[]): number =>
    [...freshOf(own)].reduce((sum, name) => sum + placedBytes(weights.get(name)!), 0)
  const cacheOf = (group: readonly PlacedOp[]): number =>
    group.reduce((sum, { op }) => {
      if ('recurrent' in op) return sum + op.recurrent.floats * 4 * MIN_STATE_SLOTS
      const bytes = statesOf(op).map((state) => statePageBytes(state, cache))
      return bytes.reduce((all, { keys, values }) => all + (keys + values) * pages, sum)
    }, 0)
  const sizeOf = (group: readonly PlacedOp[]): number =>
    bytesOf(group.flatMap(({ op }) => weightsOf(op))) + cacheOf(group)

  const place = (group: readonly PlacedOp[]): void => {
    const bytes = sizeOf(group)
    if (used > 0 && used + bytes > capacity) {
      bank++
      used = 0
      states.push([])
      recurrents.push([])
    }
    if (bytes > capacity) throw tooLarge(group, bytes, capacity)
    used += bytes
    for (const name of freshOf(group.flatMap(({ op }) => weightsOf(op)))) {
      placed.set(name, bank)
      weights.get(name)!.bank = bank
    }
    for (const own of group) {
      const { op } = own
      banks.set(own, homeOf(op, placed) ?? bank)
      for (const state of statesOf(op)) states[bank]!.push(state.id)
      if ('recurrent' in op) recurrents[bank]!.push(op.recurrent.id)
    }
  }
  const placeAll = (ops: readonly PlacedOp[]): PlacedOp[] =>
    layerGroups(ops).flatMap((group) => {
      const layer = sizeOf(group) > capacity ? divideExperts(group, bytesOf, capacity) : { ops: group, groups: [group] }
      layer.groups.forEach(place)
      return layer.ops
    })
  const ops = placeAll(program.ops)
  const draft = program.draft && { ...program.draft, ops: placeAll(program.draft.ops) }
  const divided = { ...program, ops, ...(draft && { draft }) }
  const bankOf = allOps(divided).map((own) => banks.get(own)!)
  return { program: divided, bankOf, count: bank + 1, states, recurrents }
}

function tooLarge(group: readonly PlacedOp[], bytes: number, capacity: number): UserError {
  const { op, layer } = group[0]!
  const what =
    op.op === 'experts' && op.part ? `an expert of layer ${layer} needs` : `layer ${layer} needs, with its cache,`
  return new UserError(
    `${what} ${prettyBytes(bytes)}, and one WebAssembly memory has room for ${prettyBytes(capacity)}`,
    'out_of_memory',
    {
      remedies: [
        { option: 'quantize', value: 'q4' },
        { option: 'contextLength', change: 'lower' },
        { advice: 'a checkpoint with fewer bits per weight' },
      ],
    },
  )
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
