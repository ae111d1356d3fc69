// The whole step: every thread walks the same list of op records, meeting at barriers where the host asked for them.
import { attention, cacheAppend } from './attention'
import { RECORD, barrier, claim, field, fieldPtr, init, scratch } from './control'
import { add, embed, gatedMul, layerNorm, rmsNorm, rope, scale, selectRows } from './elementwise'
import { headLinear, linear, linear_experts } from './linear'
import { quantize } from './quantize'
import { copyHeads, decay, deltaRule, gatedNorm, shortConv, sigmoidGate } from './recurrent'
import { mixBlocks } from './residuals'
import { combineExperts, planExperts, route, scaleExperts } from './route'
import { compress, sparseAttention } from './sparse'
import { indexScores, indexSelect } from './indexer'
import { collapseStreams, repeat, streamWeights, updateStreams } from './streams'

export { init, barrier }
export { interleave, weave } from './dequantize'
export { anyMasked, packFloats, packGgml, packWords } from './pack'
export { packBlocks, packFp4, packMxfp4, packQ4k, packQ6k } from './pack-blocks'

// @ts-ignore: decorator
@external('env', 'clock')
declare function clock(): f64

/** Runs `count` records. Flag bit 0: meet before this op. All threads meet at the end. */
export function run(records: usize, count: i32): void {
  for (let i = 0; i < count; i++, records += RECORD) {
    if (field(records, 1) & 1) barrier()
    runOp(records)
  }
  barrier()
}

/** The same, adding milliseconds to times f64 [count + 1, 2]: waited before the op, worked in it; the last row: at the end. */
export function runTimed(records: usize, count: i32, times: usize): void {
  let before = clock()
  for (let i = 0; i < count; i++, records += RECORD, times += 16) {
    if (field(records, 1) & 1) barrier()
    const met = clock()
    runOp(records)
    const done = clock()
    store<f64>(times, load<f64>(times) + met - before)
    store<f64>(times, load<f64>(times, 8) + done - met, 8)
    before = done
  }
  barrier()
  store<f64>(times, load<f64>(times) + clock() - before)
}

/** Reads memory and does nothing else, to know how fast that goes. Record: 5 address, 6 bytes. */
function readMemory(rec: usize): void {
  const PIECE: usize = 1 << 18, end = fieldPtr(rec, 5) + fieldPtr(rec, 6)
  let a = i32x4.splat(0), b = a, c = a, d = a
  for (let p = fieldPtr(rec, 5) + <usize>claim(rec, 1) * PIECE; p + PIECE <= end; p = fieldPtr(rec, 5) + <usize>claim(rec, 1) * PIECE)
    for (let i: usize = 0; i < PIECE; i += 64) {
      a = v128.xor(a, v128.load(p + i)); b = v128.xor(b, v128.load(p + i, 16))
      c = v128.xor(c, v128.load(p + i, 32)); d = v128.xor(d, v128.load(p + i, 48))
    }
  v128.store(scratch, v128.xor(v128.xor(a, b), v128.xor(c, d)))
}

/** Makes fresh memory by a write to each page. No read comes before: then the system does it twice. Record: 5 address, 6 bytes. */
function touchPages(rec: usize): void {
  const PIECE: usize = 1 << 21, PAGE: usize = 4096, start = fieldPtr(rec, 5), end = start + fieldPtr(rec, 6)
  for (let p = start + <usize>claim(rec, 1) * PIECE; p < end; p = start + <usize>claim(rec, 1) * PIECE)
    for (const last = min(p + PIECE, end); p < last; p += PAGE) store<i32>(p, 0)
}

function runOp(record: usize): void {
  switch (field(record, 0)) {
    case 0: embed(record); break
    case 1: rmsNorm(record); break
    case 2: quantize(record); break
    case 3: linear(record); break
    case 4: headLinear(record); break
    case 5: rope(record); break
    case 6: cacheAppend(record); break
    case 7: attention(record); break
    case 8: route(record); break
    case 9: planExperts(record); break
    case 10: linear_experts(record); break
    case 11: gatedMul(record); break
    case 12: add(record); break
    case 13: selectRows(record); break
    case 14: combineExperts(record); break
    case 15: readMemory(record); break
    case 18: touchPages(record); break
    case 32: shortConv(record); break
    case 33: decay(record); break
    case 34: deltaRule(record); break
    case 35: gatedNorm(record); break
    case 36: sigmoidGate(record); break
    case 37: copyHeads(record); break
    case 50: layerNorm(record); break
    case 51: indexScores(record); break
    case 52: indexSelect(record); break
    case 53: sparseAttention(record); break
    case 54: compress(record); break
    case 55: repeat(record); break
    case 56: streamWeights(record); break
    case 57: collapseStreams(record); break
    case 58: updateStreams(record); break
    case 16: scale(record); break
    case 17: scaleExperts(record); break
    case 38: mixBlocks(record); break
    default: unreachable()
  }
}
