/** Which products of a program are made of matrices that nothing else reads, so that one kernel does all three (gatedLinear). */
import { valuesOf, type GatedMulOp, type LinearOp, type Op, type Value, type View } from '../../../graph/ops.js'
import { allOps, finalHidden, type Program } from '../../../graph/program.js'
import { GATED_FEW_ROWS } from '../../contract.generated.js'
import { activationOf, at, temporary, type Lowering } from './lowering.js'

/** A product, and the ops that make its operands. */
export interface Gate {
  readonly product: GatedMulOp
  readonly gate: LinearOp
  readonly up: LinearOp
}

/** By the product's op. `bankOf`: the memory of each op. */
export function gatesOf(program: Program, bankOf: readonly number[], lowering: Lowering): ReadonlyMap<Op, Gate> {
  const ops = allOps(program).map(({ op }) => op)
  const readers = new Map<Value, number>()
  const kept = [program.logits, program.draft?.logits, program.draft?.hidden, finalHidden(program)]
  for (const value of [...ops.flatMap((op) => valuesOf(op).reads), ...kept])
    if (value) readers.set(value, (readers.get(value) ?? 0) + 1)
  const made = new Map<Value, { op: LinearOp; bank: number }>()
  const gates = new Map<Op, Gate>()
  for (const [i, op] of ops.entries()) {
    const bank = bankOf[i]!
    if (op.op === 'linear' && isWhole(op.out) && !op.bias && lowering.isInteger(lowering.weight(op.weight.name)))
      made.set(op.out.value, { op, bank })
    if (op.op !== 'gatedMul') continue
    const operands = operandsOf(op, made)
    if (operands?.every((one) => one.bank === bank && readers.get(one.op.out.value) === 1))
      gates.set(op, { product: op, gate: operands[0].op, up: operands[1].op })
  }
  return gates
}

/** All three as one call, in memory `bank`. */
export function lowerGate({ product, gate, up }: Gate, bank: number, to: Lowering): void {
  const { out, activation } = product
  const { code, floats } = activationOf(activation)
  to.bank = bank
  const { rows } = out.value
  const few = { ...temporary(`few rows of ${up.weight.name}`, 0, GATED_FEW_ROWS * out.width * 4), rows }
  to.push('gatedLinear', to.bufferOf(out.value), {
    reads: { x: at(to.quantize(gate.x)) },
    writes: { out: to.view(out), few: at(few) },
    weights: { gate: to.weight(gate.weight.name), up: to.weight(up.weight.name) },
    ints: { activation: code },
    floats,
  })
}

/** Those that make its operands as a whole, from the same columns. */
function operandsOf<Made extends { readonly op: LinearOp }>(
  { gate, up }: GatedMulOp,
  made: ReadonlyMap<Value, Made>,
): readonly [Made, Made] | undefined {
  const [one, other] = [made.get(gate.value), made.get(up.value)]
  if (!one || !other || one === other || !isWhole(gate) || !isWhole(up)) return undefined
  const [a, b] = [one.op.x, other.op.x]
  return a.value === b.value && a.offset === b.offset && a.width === b.width ? [one, other] : undefined
}

function isWhole({ value, offset, width }: View): boolean {
  return offset === 0 && width === value.width
}
