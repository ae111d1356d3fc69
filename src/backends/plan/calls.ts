/**
 * What a program becomes: calls of kernels, whose fields have the names of kernels/contract.ts and no addresses yet. A backend
 * gives the buffers, weights and states places, and encodes the calls for its kernels.
 */
import {
  KERNELS,
  type KernelContract,
  type KernelName,
  type OperandKind,
  type WeightKind,
} from '../contract.generated.js'
import type { PlannedWeight } from '../formats/weights.js'

/** Memory of an activation or a temporary: `rowBytes` for each of T (or R) times `multiple` rows. */
export interface Buffer {
  readonly rowBytes: number
  readonly rows: 'T' | 'R'
  readonly multiple: number
  /** Bytes besides the rows (tables). */
  readonly extra: number
  readonly name: string
}

/** A buffer's bytes from an offset on. */
export interface BufferAt {
  readonly buffer: Buffer
  readonly offset: number
}

/** The keys or the values of a cache state, by its id. */
export interface Pages {
  readonly state: number
  readonly values: boolean
}

/** A recurrent state, by its id. */
export interface Slot {
  readonly recurrent: number
}

/** cos and sin of a step's positions, by the id of the rope table. */
export interface Angles {
  readonly ropeTable: number
}

interface Operands {
  readonly rows: BufferAt
  readonly 'rows?': BufferAt | undefined
  readonly table: BufferAt
  readonly list: readonly BufferAt[]
  readonly pages: Pages
  readonly slot: Slot
  readonly angles: Angles
}
export type Operand = Operands[OperandKind]

interface Weights {
  readonly matrix: PlannedWeight
  readonly vector: PlannedWeight
  readonly 'vector?': PlannedWeight | undefined
  readonly matrices: readonly PlannedWeight[]
  readonly 'vectors?': readonly PlannedWeight[] | undefined
}
export type WeightOperand = Weights[WeightKind]

/** A section of a kernel's contract; nothing where it has none. */
type SectionOf<K extends KernelName, Name extends keyof KernelContract> =
  (typeof KERNELS)[K] extends Readonly<Record<Name, infer Section>> ? Section : undefined

type OperandsOf<Kinds> = { readonly [N in keyof Kinds]: Operands[Kinds[N] & OperandKind] }
type WeightsOf<Kinds> = { readonly [N in keyof Kinds]: Weights[Kinds[N] & WeightKind] }
type NumbersOf<Names> = Names extends readonly string[] ? Readonly<Record<Names[number], number>> : never

/** A section of a call, which is left out where the kernel has none. */
type Section<Name extends string, Of, Fields> = Of extends undefined
  ? { readonly [N in Name]?: never }
  : { readonly [N in Name]: Fields }

/** All fields of a call of kernel K: one that is missing, or misspelt, does not compile. */
export type CallFields<K extends KernelName> = Section<
  'reads',
  SectionOf<K, 'reads'>,
  OperandsOf<SectionOf<K, 'reads'>>
> &
  Section<'writes', SectionOf<K, 'writes'>, OperandsOf<SectionOf<K, 'writes'>>> &
  Section<'weights', SectionOf<K, 'weights'>, WeightsOf<SectionOf<K, 'weights'>>> &
  Section<'ints', SectionOf<K, 'ints'>, NumbersOf<SectionOf<K, 'ints'>>> &
  Section<'floats', SectionOf<K, 'floats'>, NumbersOf<SectionOf<K, 'floats'>>>

/** The same of any kernel. */
export interface AnyFields {
  readonly reads?: Readonly<Record<string, Operand>>
  readonly writes?: Readonly<Record<string, Operand>>
  readonly weights?: Readonly<Record<string, WeightOperand>>
  readonly ints?: Readonly<Record<string, number>>
  readonly floats?: Readonly<Record<string, number>>
}

/** One call of a kernel. */
export interface Call extends Required<AnyFields> {
  readonly kernel: KernelName
  /** For people: the kernel and its weight. */
  readonly name: string
  /** The memory in which it runs; always 0 where a backend has one. */
  readonly bank: number
  /** How many rows it is for: T or R, times `multiple`. */
  readonly rows: 'T' | 'R'
  readonly multiple: number
}

/** Buffers, and names of states, that an operand stands for; angles are written before a step, by no call. */
export function memoryOf(operands: Call['reads']): (Buffer | string)[] {
  return Object.values(operands).flatMap((operand): (Buffer | string)[] => {
    if (operand === undefined || 'ropeTable' in operand) return []
    if ('state' in operand) return [`cache ${operand.state} ${operand.values ? 'values' : 'keys'}`]
    if ('recurrent' in operand) return [`recurrent ${operand.recurrent}`]
    return 'buffer' in operand ? [operand.buffer] : operand.map(({ buffer }) => buffer)
  })
}

/** Whether it does each row by itself, on the thread to which the row belongs for all such kernels. */
export function hasOwnRows(kernel: KernelName): boolean {
  return 'ownRows' in KERNELS[kernel]
}

/** Whether it may write its result over an operand that nothing reads any more. */
export function worksInPlace(kernel: KernelName): boolean {
  return 'inPlace' in KERNELS[kernel]
}
