// The whole step: every thread walks the same list of op records, meeting at barriers where the host asked for them.
import { clock } from './clock'
import { BARRIER_BEFORE, OpRecord, RECORD_BYTES } from './contract.generated'
import { barrier, init } from './control'
import { runOp } from './dispatch.generated'

export { init, barrier }
export { interleave, weave } from './weights/dequantize'
export { anyMasked, packFloats, packGgml, packWords } from './weights/pack'
export { encodeMins, encodePoints, encodeRuns, encodeScales } from './weights/encode'
export { packBlocks } from './weights/pack-blocks'
export {
  packFp4,
  packIq4,
  packMxfp4,
  packQ2k,
  packQ3k,
  packQ4k,
  packQ5k,
  packQ6k,
  packSmall,
} from './weights/pack-ggml'

/** Runs `count` records. All threads meet at the end. True where they left early: the host wants no more of the step. */
export function run(records: usize, count: i32): boolean {
  for (let i = 0; i < count; i++, records += RECORD_BYTES) {
    if (changetype<OpRecord>(records).flags & BARRIER_BEFORE && barrier()) return true
    runOp(records)
  }
  return barrier()
}

/**
 * The same, adding milliseconds to times f64 [count + 1, 2]: waited before the op, worked in it; the last row: at the
 * end.
 */
export function runTimed(records: usize, count: i32, times: usize): boolean {
  let before = clock()
  for (let i = 0; i < count; i++, records += RECORD_BYTES, times += 16) {
    if (changetype<OpRecord>(records).flags & BARRIER_BEFORE && barrier()) return true
    const met = clock()
    runOp(records)
    const done = clock()
    store<f64>(times, load<f64>(times) + met - before)
    store<f64>(times, load<f64>(times, 8) + done - met, 8)
    before = done
  }
  const cancelled = barrier()
  store<f64>(times, load<f64>(times) + clock() - before)
  return cancelled
}
