// Where the rows of attention lie: those of queries, and those of a sequence in its cache pages.
import { AttentionRecord, pageBytes, pageTablesPtr, poolPtr, positionsPtr, sequencesPtr } from '../contract.generated'

/** @inline */
export function pagePtr(sequence: i32, page: i32): usize {
  const table = <usize>load<u32>(pageTablesPtr() + ((<usize>sequence) << 2))
  return poolPtr() + <usize>load<u32>(table + ((<usize>page) << 2)) * pageBytes()
}

/** @inline */
export function positionOf(token: i32): i32 {
  return load<i32>(positionsPtr() + ((<usize>token) << 2))
}
/** @inline */
export function sequenceOf(token: i32): i32 {
  return load<i32>(sequencesPtr() + ((<usize>token) << 2))
}

/** The first position that a query sees. @inline */
export function firstSeen(rec: AttentionRecord, position: i32): i32 {
  const length = rec.span
  return !length ? 0 : rec.chunked ? position - (position % length) : max(0, position + 1 - length)
}

/** Row `row` (token, head of the group) of a view: its head is `width` columns. @inline */
export function queryPtr(view: usize, stride: usize, group: i32, kv: i32, row: i32, width: i32): usize {
  return view + <usize>(row / group) * stride + ((<usize>((kv * group + (row % group)) * width)) << 2)
}
