// Runs of tokens of one sequence, and the slots of their recurrent states.
import { slotsPtr } from '../contract.generated'
import { sequenceOf } from '../attention/page'

/** @inline */
export function bytes(floats: i32): usize {
  return (<usize>floats) << 2
}
/** @inline */
export function slotOf(token: i32): usize {
  return <usize>load<u32>(slotsPtr() + bytes(sequenceOf(token)))
}

/** Where the tokens of the sequence of token `first` end. */
export function runEnd(first: i32, rows: i32): i32 {
  let end = first + 1
  while (end < rows && sequenceOf(end) == sequenceOf(first)) end++
  return end
}
