// Going over memory itself: to know how fast that is, or to have its pages made.
import { ReadMemoryRecord, TouchPagesRecord } from './contract.generated'
import { claim } from './control'
import { WINDOW, readWindow } from './linear/lines-ahead'

/** Reads memory and does nothing else, to know how fast that goes: a line of each of eight pages in turn (linear/lines-ahead.ts). */
export function readMemory(rec: ReadMemoryRecord): void {
  const PIECE: usize = 1 << 18,
    start = <usize>rec.address,
    end = start + <usize>rec.bytes
  for (let p = start + <usize>claim(rec, 1) * PIECE; p + PIECE <= end; p = start + <usize>claim(rec, 1) * PIECE)
    for (let q = p; q < p + PIECE; q += WINDOW) readWindow(q)
}

/** Makes fresh memory by a write to each page. No read comes before: then the system does it twice. */
export function touchPages(rec: TouchPagesRecord): void {
  const PIECE: usize = 1 << 21,
    PAGE: usize = 4096,
    start = <usize>rec.address,
    end = start + <usize>rec.bytes
  for (let p = start + <usize>claim(rec, 1) * PIECE; p < end; p = start + <usize>claim(rec, 1) * PIECE)
    for (const last = min(p + PIECE, end); p < last; p += PAGE) store<i32>(p, 0)
}
