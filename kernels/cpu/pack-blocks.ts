// Records of 48 bytes, one for each 32 columns of a row (src/backends/cpu/stage-blocks.ts), into the kernels' blocks.
import { GROUP, INT4_MIN, INT7, IQ4, MXFP4, NVFP4, wBlocks, wData, wFormat, wScales } from './dequantize'
import { scaleBytes, superBytes, wMins, wPer, wSupers } from './dequantize-blocks'
import { storeWords, widened } from './pack'
import { toHalf } from './simd'

/** Rows [row, row + count). Refuses a row whose d or dmin is no f16: returns it plus 1. */
export function packBlocks(d: usize, source: usize, row: i32, count: i32): i32 {
  const format = wFormat(d), nb = wBlocks(d), per = wPer(d), each = scaleBytes(d), mins = wMins(d)
  for (let r = row; r < row + count; r++) {
    const g = r / GROUP, lane = <usize>(r % GROUP)
    let codes = wData(d) + (<usize>(g * nb) << (format == INT7 ? 8 : 7)) + (lane << 2)
    let scales = wScales(d) + <usize>(g * nb) * each + lane
    for (let b = 0; b < nb; b++, source += 48, scales += each) {
      if (format == INT7) {
        storeWords(codes, v128.load(source)); storeWords(codes + 128, v128.load(source, 16))
        codes += 256
      } else {
        storeWords(codes, v128.or(v128.load(source), i8x16.shl(v128.load(source, 16), 4)))
        codes += 128
      }
      store<u8>(scales, load<u8>(source, 32))
      if (format == INT7 || format == NVFP4) store<u8>(scales, load<u8>(source, 33), 8)
      if (format == NVFP4 && ((load<u16>(source, 32) & 0x8080) != 0)) return r + 1
      if (format == INT4_MIN) store<u8>(scales, load<u8>(source, 34), 8)
      if (format == INT7 && mins) { store<u8>(scales, load<u8>(source, 34), 16); store<u8>(scales, load<u8>(source, 35), 24) }
      if (format == MXFP4 && load<u8>(source, 32) == 255) return r + 1
      if ((format == INT4_MIN || format == INT7 || format == IQ4) && b % per == 0) {
        const run = wSupers(d, g) + <usize>(b / per) * superBytes(d) + (lane << 1)
        if (!storeHalf(run, load<f32>(source, 36)) || (mins && !storeHalf(run + 16, load<f32>(source, 40)))) return r + 1
      }
    }
  }
  return 0
}

/** False where f16 cannot hold it. */
function storeHalf(at: usize, value: f32): boolean {
  const half = <u16>toHalf(f32x4.splat(value))
  store<u16>(at, half)
  return widened(half) == value
}
