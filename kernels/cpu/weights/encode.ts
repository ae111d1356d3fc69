// Floats into codes with scales that make the weighted error small. A row of `blocks` blocks of 32 columns lies at `x`; a
// staged record for each block goes to `out`, with signed codes. Scales are f16 times `factor`. All in one fixed order.
import { STAGED_BYTES, STAGED_MINS, STAGED_MIN_SCALE, STAGED_SCALE, STAGED_SCALES } from '../contract.generated'
import { scratch } from '../control'
import { largest, sum4, toHalf } from '../simd'
import { widened } from './pack'

/** Whole numbers of the lower level of scales: 6 bits with minima, 8 without. */
const LEVELS: f32 = 63
const SIGNED_LEVELS: f32 = 127
/** Times that codes, scales and their upper level are chosen anew, each for the others. */
const PASSES: i32 = 2

// What a search has found.
let foundScale: f32 = 0
let foundMin: f32 = 0

/** The nearest f16, as f32. */
function halved(value: f32): f32 {
  return widened(<u16>toHalf(f32x4.splat(value)))
}

/** @inline */
function inverseOf(value: f32): f32 {
  return value == 0 ? 0 : 1 / value
}

/** @inline */
function clamped(x: v128, least: v128, most: v128): v128 {
  return f32x4.pmax(f32x4.pmin(f32x4.nearest(x), most), least)
}

/**
 * Weights of the squared errors of `width` columns: their size, and their common size, since what multiplies them is
 * not known.
 */
function weigh(x: usize, width: usize, w: usize): void {
  let squares = f32x4.splat(0)
  for (let i: usize = 0; i < width << 2; i += 16) {
    const v = v128.load(x + i)
    squares = f32x4.add(squares, f32x4.mul(v, v))
  }
  const size = f32x4.splat(sqrt<f32>(sum4(squares) / <f32>width))
  for (let i: usize = 0; i < width << 2; i += 16) v128.store(w + i, f32x4.add(size, f32x4.abs(v128.load(x + i))))
}

// ---- codes 0..top, value = scale * code - min

/** The best scale and minimum of 32 columns by themselves. */
function searchMin(x: usize, w: usize, top: f32): void {
  let low = f32x4.splat(0),
    high = v128.load(x),
    sw = low,
    sx = low,
    sxx = low
  for (let i: usize = 0; i < 128; i += 16) {
    const v = v128.load(x + i),
      weight = v128.load(w + i),
      product = f32x4.mul(weight, v)
    low = f32x4.pmin(low, v)
    high = f32x4.pmax(high, v)
    sw = f32x4.add(sw, weight)
    sx = f32x4.add(sx, product)
    sxx = f32x4.add(sxx, f32x4.mul(product, v))
  }
  const least = min(
      min(f32x4.extract_lane(low, 0), f32x4.extract_lane(low, 1)),
      min(f32x4.extract_lane(low, 2), f32x4.extract_lane(low, 3)),
    ),
    most = largest(high)
  foundScale = 0
  foundMin = -least
  const range = most - least
  if (!(range > 0)) return
  const sumW = sum4(sw),
    sumX = sum4(sx),
    sumXX = sum4(sxx)
  const zero = f32x4.splat(0),
    last = f32x4.splat(top),
    from = f32x4.splat(least)
  let best: f32 = Infinity
  for (let step = -12; step <= 12; step++) {
    const inverse = f32x4.splat((top + <f32>step * <f32>0.1) / range)
    let sl = zero,
      sll = zero,
      sxl = zero
    for (let i: usize = 0; i < 128; i += 16) {
      const v = v128.load(x + i),
        code = clamped(f32x4.mul(f32x4.sub(v, from), inverse), zero, last),
        product = f32x4.mul(v128.load(w + i), code)
      sl = f32x4.add(sl, product)
      sll = f32x4.add(sll, f32x4.mul(product, code))
      sxl = f32x4.add(sxl, f32x4.mul(product, v))
    }
    const l = sum4(sl),
      ll = sum4(sll),
      xl = sum4(sxl)
    const determinant = sumW * ll - l * l
    if (!(determinant > 0)) continue
    let scale = (sumW * xl - sumX * l) / determinant,
      minimum = (l * xl - ll * sumX) / determinant
    if (minimum < 0) {
      minimum = 0
      scale = xl / ll
    }
    if (!(scale > 0)) continue
    const error =
      sumXX + scale * scale * ll + minimum * minimum * sumW - 2 * (scale * xl - minimum * sumX + scale * minimum * l)
    if (error < best) {
      best = error
      foundScale = scale
      foundMin = minimum
    }
  }
}

/** Weighted error of 32 columns with a scale and a minimum. */
function errorOf(x: usize, w: usize, scale: f32, minimum: f32, top: f32): f32 {
  const inverse = f32x4.splat(inverseOf(scale)),
    zero = f32x4.splat(0),
    last = f32x4.splat(top),
    s = f32x4.splat(scale),
    m = f32x4.splat(minimum)
  let sum = zero
  for (let i: usize = 0; i < 128; i += 16) {
    const v = f32x4.add(v128.load(x + i), m),
      error = f32x4.sub(f32x4.mul(clamped(f32x4.mul(v, inverse), zero, last), s), v)
    sum = f32x4.add(sum, f32x4.mul(v128.load(w + i), f32x4.mul(error, error)))
  }
  return sum4(sum)
}

/** Whole scale and minimum of a block for the upper level: the best of those next to `s` and `m`. */
function chooseWhole(x: usize, w: usize, d: f32, dmin: f32, s: i32, m: i32, top: f32, record: usize): void {
  let best: f32 = Infinity
  for (let i = max(0, s - 1); i <= min(<i32>LEVELS, s + 1); i++)
    for (let j = max(0, m - 1); j <= min(<i32>LEVELS, m + 1); j++) {
      const error = errorOf(x, w, d * <f32>i, dmin * <f32>j, top)
      if (!(error < best)) continue
      best = error
      store<u8>(record, <u8>i, STAGED_SCALES)
      store<u8>(record, <u8>j, STAGED_MINS)
    }
}

/** Sums over a run for the two numbers of its upper level, which are then the best for the codes there are. */
function fitRun(x: usize, w: usize, n: i32, d: f32, dmin: f32, top: f32, out: usize): void {
  let aa: f32 = 0,
    ab: f32 = 0,
    bb: f32 = 0,
    ax: f32 = 0,
    bx: f32 = 0
  const zero = f32x4.splat(0),
    last = f32x4.splat(top)
  for (let b = 0; b < n; b++, x += 128, w += 128, out += STAGED_BYTES) {
    const s = <f32>load<u8>(out, STAGED_SCALES),
      m = <f32>load<u8>(out, STAGED_MINS)
    const inverse = f32x4.splat(inverseOf(d * s)),
      minimum = f32x4.splat(dmin * m)
    let sl = zero,
      sll = zero,
      sxl = zero,
      sw = zero,
      sx = zero
    for (let i: usize = 0; i < 128; i += 16) {
      const v = v128.load(x + i),
        weight = v128.load(w + i),
        code = clamped(f32x4.mul(f32x4.add(v, minimum), inverse), zero, last),
        product = f32x4.mul(weight, code)
      sl = f32x4.add(sl, product)
      sll = f32x4.add(sll, f32x4.mul(product, code))
      sxl = f32x4.add(sxl, f32x4.mul(product, v))
      sw = f32x4.add(sw, weight)
      sx = f32x4.add(sx, f32x4.mul(weight, v))
    }
    aa += s * s * sum4(sll)
    ab += s * m * sum4(sl)
    bb += m * m * sum4(sw)
    ax += s * sum4(sxl)
    bx += m * sum4(sx)
  }
  const determinant = aa * bb - ab * ab
  // Where all minima are 0, or all codes alike, there is one number to fit.
  if (determinant > aa * bb * <f32>1e-5) {
    foundScale = (ax * bb - ab * bx) / determinant
    foundMin = (ab * ax - aa * bx) / determinant
  } else {
    foundScale = aa > 0 ? ax / aa : 0
    foundMin = 0
  }
}

function writeCodes(x: usize, scale: f32, minimum: f32, top: f32, record: usize): void {
  const inverse = inverseOf(scale)
  for (let i: usize = 0; i < 32; i++) {
    const code = nearest<f32>((load<f32>(x + (i << 2)) + minimum) * inverse)
    store<u8>(record + i, <u8>max<f32>(0, min(top, code)))
  }
}

/** The run's two numbers; each block's record has its share already. */
function writeRun(x: usize, n: i32, d: f32, dmin: f32, top: f32, factor: f32, out: usize): void {
  for (let b = 0; b < n; b++, x += 128, out += STAGED_BYTES) {
    const s = load<u8>(out, STAGED_SCALES),
      m = load<u8>(out, STAGED_MINS)
    writeCodes(x, d * <f32>s, dmin * <f32>m, top, out)
    store<u8>(out, s, STAGED_SCALES + 1)
    store<u8>(out, m, STAGED_MINS + 1)
    store<f32>(out, d * factor, STAGED_SCALE)
    store<f32>(out, dmin * factor, STAGED_MIN_SCALE)
  }
}

/**
 * Runs of `per` blocks that share two f16, whole scales and minima of six bits below them, and codes 0..top (Q4_K, Q5_K);
 * with per = 1 the f16 are the block's own (Q4_1, Q5_1).
 */
export function encodeMins(x: usize, blocks: i32, per: i32, top: f32, factor: f32, out: usize): void {
  const w = scratch,
    own = scratch + ((<usize>per) << 7)
  for (let b = 0; b < blocks; b += per) {
    const n = min(per, blocks - b)
    let scale: f32 = 0,
      minimum: f32 = 0
    for (let i = 0; i < n; i++) {
      const at = x + ((<usize>i) << 7)
      weigh(at, 32, w + ((<usize>i) << 7))
      searchMin(at, w + ((<usize>i) << 7), top)
      store<f32>(own + ((<usize>i) << 3), foundScale)
      store<f32>(own + ((<usize>i) << 3), foundMin, 4)
      scale = max(scale, foundScale)
      minimum = max(minimum, foundMin)
    }
    const levels: f32 = per == 1 ? 1 : LEVELS
    let d = halved((scale / levels) * factor) / factor,
      dmin = halved((minimum / levels) * factor) / factor
    for (let pass = 0; pass < PASSES; pass++) {
      const perD = inverseOf(d),
        perMin = inverseOf(dmin)
      for (let i = 0; i < n; i++) {
        const record = out + <usize>i * STAGED_BYTES
        if (per == 1) {
          store<u8>(record, 1, STAGED_SCALES)
          store<u8>(record, 1, STAGED_MINS)
          continue
        }
        const s = <i32>min(LEVELS, nearest<f32>(load<f32>(own + ((<usize>i) << 3)) * perD)),
          m = <i32>min(LEVELS, nearest<f32>(load<f32>(own + ((<usize>i) << 3), 4) * perMin))
        chooseWhole(x + ((<usize>i) << 7), w + ((<usize>i) << 7), d, dmin, s, m, top, record)
      }
      if (pass + 1 == PASSES) break
      fitRun(x, w, n, d, dmin, top, out)
      if (!(foundScale > 0) || foundMin < 0) break
      d = halved(foundScale * factor) / factor
      dmin = halved(foundMin * factor) / factor
    }
    writeRun(x, n, d, dmin, top, factor, out)
    x += (<usize>n) << 7
    out += <usize>n * STAGED_BYTES
  }
}

// ---- codes -top..top - 1, value = scale * code

/** The best scale of `width` columns by themselves, of either sign: the extreme value is near one end of the codes. */
function searchScale(x: usize, w: usize, width: usize, top: f32): void {
  let extreme: f32 = 0
  for (let i: usize = 0; i < width << 2; i += 4) {
    const value = load<f32>(x + i)
    if (abs(value) > abs(extreme)) extreme = value
  }
  foundScale = 0
  if (extreme == 0) return
  const least = f32x4.splat(-top),
    last = f32x4.splat(top - 1)
  let best: f32 = 0
  for (let step = -24; step <= 24; step++) {
    // From -top down to less, then from the other end.
    const target = step < 0 ? -top - <f32>(step + 12) * <f32>0.1 : top - 1 + <f32>(step - 12) * <f32>0.1
    const inverse = f32x4.splat(target / extreme)
    let sll = f32x4.splat(0),
      sxl = sll
    for (let i: usize = 0; i < width << 2; i += 16) {
      const v = v128.load(x + i),
        code = clamped(f32x4.mul(v, inverse), least, last),
        product = f32x4.mul(v128.load(w + i), code)
      sll = f32x4.add(sll, f32x4.mul(product, code))
      sxl = f32x4.add(sxl, f32x4.mul(product, v))
    }
    const ll = sum4(sll),
      xl = sum4(sxl)
    // The error is that of all zeros, less xl^2 / ll.
    if (ll > 0 && xl * xl > best * ll) {
      best = (xl * xl) / ll
      foundScale = xl / ll
    }
  }
}

/** Weighted error of `width` columns with a scale; the sums for the best one are left in `foundScale` (xl / ll). */
function errorOfScale(x: usize, w: usize, width: usize, scale: f32, top: f32): f32 {
  const inverse = f32x4.splat(inverseOf(scale)),
    least = f32x4.splat(-top),
    last = f32x4.splat(top - 1),
    s = f32x4.splat(scale)
  let sum = f32x4.splat(0)
  for (let i: usize = 0; i < width << 2; i += 16) {
    const v = v128.load(x + i),
      error = f32x4.sub(f32x4.mul(clamped(f32x4.mul(v, inverse), least, last), s), v)
    sum = f32x4.add(sum, f32x4.mul(v128.load(w + i), f32x4.mul(error, error)))
  }
  return sum4(sum)
}

/** Codes with `offset` added. */
function writeSigned(x: usize, width: usize, scale: f32, top: f32, offset: f32, codes: usize): void {
  const inverse = inverseOf(scale)
  for (let i: usize = 0; i < width; i++) {
    const code = nearest<f32>(load<f32>(x + (i << 2)) * inverse)
    store<u8>(codes + i, <u8>(<i32>(max(-top, min(top - 1, code)) + offset)))
  }
}

/** Blocks of 32 with an f16 each: Q4_0 (top 8), Q5_0 (16), Q8_0 (128, whose codes are not searched for). */
export function encodeScales(x: usize, blocks: i32, top: f32, factor: f32, out: usize): void {
  for (let b = 0; b < blocks; b++, x += 128, out += STAGED_BYTES) {
    if (top < 128) {
      weigh(x, 32, scratch)
      searchScale(x, scratch, 32, top)
    } else {
      let most: f32 = 0
      for (let i: usize = 0; i < 128; i += 4) most = max(most, abs(load<f32>(x + i)))
      foundScale = most / 127
    }
    const scale = halved(foundScale * factor) / factor
    writeSigned(x, 32, scale, top, 0, out)
    store<u8>(out, 1, STAGED_SCALES)
    store<u8>(out, 1, STAGED_SCALES + 1)
    store<f32>(out, scale * factor, STAGED_SCALE)
  }
}

/**
 * Runs of eight blocks that share an f16, with signed scales for 16 columns below it, and codes -top..top - 1 (Q6_K: top 32), to
 * which `offset` is added.
 */
export function encodeRuns(x: usize, blocks: i32, top: f32, factor: f32, offset: f32, out: usize): void {
  const w = scratch,
    own = scratch + 1024
  for (let b = 0; b < blocks; b += 8) {
    const n = min(8, blocks - b) << 1
    let extreme: f32 = 0
    for (let i = 0; i < n; i++) {
      const at = (<usize>i) << 6
      weigh(x + at, 16, w + at)
      searchScale(x + at, w + at, 16, top)
      store<f32>(own + ((<usize>i) << 2), foundScale)
      if (abs(foundScale) > abs(extreme)) extreme = foundScale
    }
    // The largest is -128.
    let d = halved((extreme / -(SIGNED_LEVELS + 1)) * factor) / factor
    for (let pass = 0; pass < PASSES; pass++) {
      const perD = inverseOf(d)
      let ll: f32 = 0,
        xl: f32 = 0
      for (let i = 0; i < n; i++) {
        const at = (<usize>i) << 6,
          record = out + <usize>(i >> 1) * STAGED_BYTES + <usize>(i & 1)
        const middle = nearest<f32>(load<f32>(own + ((<usize>i) << 2)) * perD)
        let best: f32 = Infinity,
          whole: f32 = 0
        for (let s = middle - 1; s <= middle + 1; s++) {
          if (s < -SIGNED_LEVELS - 1 || s > SIGNED_LEVELS) continue
          const error = errorOfScale(x + at, w + at, 16, d * s, top)
          if (error < best) {
            best = error
            whole = s
          }
        }
        store<i8>(record, <i8>whole, STAGED_SCALES)
        sumsOf(x + at, w + at, d * whole, top)
        ll += whole * whole * foundScale
        xl += whole * foundMin
      }
      if (pass + 1 == PASSES || !(ll > 0)) break
      d = halved((xl / ll) * factor) / factor
    }
    for (let i = 0; i < n; i++) {
      const record = out + <usize>(i >> 1) * STAGED_BYTES
      const whole = <f32>load<i8>(record + <usize>(i & 1), STAGED_SCALES)
      writeSigned(x + ((<usize>i) << 6), 16, d * whole, top, offset, record + ((<usize>(i & 1)) << 4))
      store<f32>(record, d * factor, STAGED_SCALE)
    }
    x += (<usize>n) << 6
    out += <usize>(n >> 1) * STAGED_BYTES
  }
}

/** Of 16 columns: weighted sums of code * code (foundScale) and x * code (foundMin). */
function sumsOf(x: usize, w: usize, scale: f32, top: f32): void {
  const inverse = f32x4.splat(inverseOf(scale)),
    least = f32x4.splat(-top),
    last = f32x4.splat(top - 1)
  let sll = f32x4.splat(0),
    sxl = sll
  for (let i: usize = 0; i < 64; i += 16) {
    const v = v128.load(x + i),
      code = clamped(f32x4.mul(v, inverse), least, last),
      product = f32x4.mul(v128.load(w + i), code)
    sll = f32x4.add(sll, f32x4.mul(product, code))
    sxl = f32x4.add(sxl, f32x4.mul(product, v))
  }
  foundScale = sum4(sll)
  foundMin = sum4(sxl)
}

// ---- IQ4_NL: codes are points that follow the normal distribution

/** Where x passes the middle of two points, the distance from one to the next. @inline */
function step(x: v128, middle: f32, distance: f32): v128 {
  return v128.and(f32x4.gt(x, f32x4.splat(middle)), f32x4.splat(distance))
}

/** The nearest of -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113. */
function nearestPoint(x: v128): v128 {
  let point = f32x4.add(f32x4.splat(-127), step(x, -115.5, 23))
  point = f32x4.add(point, f32x4.add(step(x, -93.5, 21), step(x, -74, 18)))
  point = f32x4.add(point, f32x4.add(step(x, -57, 16), step(x, -42, 14)))
  point = f32x4.add(point, f32x4.add(step(x, -28.5, 13), step(x, -16, 12)))
  point = f32x4.add(point, f32x4.add(step(x, -4.5, 11), step(x, 7, 12)))
  point = f32x4.add(point, f32x4.add(step(x, 19, 12), step(x, 31.5, 13)))
  point = f32x4.add(point, f32x4.add(step(x, 45.5, 15), step(x, 61, 16)))
  return f32x4.add(point, f32x4.add(step(x, 79, 20), step(x, 101, 24)))
}

/** Blocks of 32 with an f16 each, of either sign. */
export function encodePoints(x: usize, blocks: i32, factor: f32, out: usize): void {
  for (let b = 0; b < blocks; b++, x += 128, out += STAGED_BYTES) {
    weigh(x, 32, scratch)
    let extreme: f32 = 0
    for (let i: usize = 0; i < 128; i += 4) {
      const value = load<f32>(x + i)
      if (abs(value) > abs(extreme)) extreme = value
    }
    let best: f32 = 0,
      scale: f32 = 0
    for (let i = -20; i <= 20 && extreme != 0; i++) {
      const target: f32 = i < 0 ? -127 - <f32>(i + 10) * <f32>2.5 : 113 + <f32>(i - 10) * <f32>2.5
      const inverse = f32x4.splat(target / extreme)
      let sll = f32x4.splat(0),
        sxl = sll
      for (let c: usize = 0; c < 128; c += 16) {
        const v = v128.load(x + c),
          point = nearestPoint(f32x4.mul(v, inverse)),
          product = f32x4.mul(v128.load(scratch + c), point)
        sll = f32x4.add(sll, f32x4.mul(product, point))
        sxl = f32x4.add(sxl, f32x4.mul(product, v))
      }
      const ll = sum4(sll),
        xl = sum4(sxl)
      if (xl * xl > best * ll) {
        best = (xl * xl) / ll
        scale = xl / ll
      }
    }
    scale = halved(scale * factor) / factor
    const inverse = f32x4.splat(inverseOf(scale))
    for (let c: usize = 0; c < 32; c += 4) {
      const points = i32x4.trunc_sat_f32x4_s(nearestPoint(f32x4.mul(v128.load(x + (c << 2)), inverse)))
      const halves = i16x8.narrow_i32x4_s(points, points)
      store<u32>(out + c, i32x4.extract_lane(i8x16.narrow_i16x8_s(halves, halves), 0))
    }
    store<u8>(out, 1, STAGED_SCALES)
    store<u8>(out, 1, STAGED_SCALES + 1)
    store<f32>(out, scale * factor, STAGED_SCALE)
  }
}
