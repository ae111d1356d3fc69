// Going over memory itself: to know how fast that is, or to have its pages made.
import { ReadMemoryRecord, ReadPagesRecord, TouchPagesRecord } from './contract.generated'
import { claim, scratch } from './control'
import { WINDOW, readWindow } from './linear/lines-ahead'

/** What a thread reads at a time, whole windows. */
const READ_PIECE: usize = 1 << 18

/** Reads memory and does nothing else, to know how fast that goes. */
export function readMemory(rec: ReadMemoryRecord): void {
  const start = <usize>rec.address,
    end = start + <usize>rec.bytes
  let a = i32x4.splat(0),
    b = a,
    c = a,
    d = a
  for (
    let p = start + <usize>claim(rec, 1) * READ_PIECE;
    p + READ_PIECE <= end;
    p = start + <usize>claim(rec, 1) * READ_PIECE
  )
    for (let i: usize = 0; i < READ_PIECE; i += 64) {
      a = v128.xor(a, v128.load(p + i))
      b = v128.xor(b, v128.load(p + i, 16))
      c = v128.xor(c, v128.load(p + i, 32))
      d = v128.xor(d, v128.load(p + i, 48))
    }
  v128.store(scratch, v128.xor(v128.xor(a, b), v128.xor(c, d)))
}

/** The same a line of each of eight pages in turn (linear/lines-ahead.ts), which some processors do faster. */
export function readPages(rec: ReadPagesRecord): void {
  const start = <usize>rec.address,
    end = start + <usize>rec.bytes
  for (
    let p = start + <usize>claim(rec, 1) * READ_PIECE;
    p + READ_PIECE <= end;
    p = start + <usize>claim(rec, 1) * READ_PIECE
  )
    for (let q = p; q < p + READ_PIECE; q += WINDOW) readWindow(q)
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
