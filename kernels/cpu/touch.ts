// Memory that is about to be needed.
import { scratch } from './control'
import { touchedAt } from './scratch.generated'

/**
 * Reads every line of `bytes` bytes, many at a time, so that what follows finds them in the nearest caches. A loop with
 * many instructions a line, or over several rows side by side, waits for one line after the other instead; WebAssembly
 * has no instruction for it. A rest of less than 128 bytes is left.
 */
export function touch(p: usize, bytes: usize): void {
  let a = i32x4.splat(0),
    b = a
  for (const end = p + bytes; p + 128 <= end; p += 128) {
    a = v128.xor(a, v128.load(p))
    b = v128.xor(b, v128.load(p, 64))
  }
  v128.store(scratch + <usize>touchedAt(), v128.xor(a, b))
}
