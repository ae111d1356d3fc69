// Constants that kernels read from memory: V8 makes known ones again at every use, which takes three
// instructions; what was loaded before a loop stays in a register, and a load inside of one costs nothing where the
// arithmetic is the limit.

import { HELD } from './contract.generated'

const EXP: usize = HELD + 32
const TABLES: usize = HELD + 128
/** The address after them. */
export const HELD_END: usize = TABLES + 64

/** Added, it rounds to the nearest integer (even on ties) and leaves it in the low bits: for |x| < 2^22. */
export const ROUNDER: f32 = 12582912 // 1.5 * 2^23

export function storeHeld(): void {
  store<u32>(HELD, 0x0f0f0f0f)
  store<u32>(HELD, 0x87f00000, 4)
  store<u32>(HELD, 0x5f800000, 8)
  store<u32>(HELD, 0x8fffffff, 12)
  store<u32>(HELD, 0x5b800000, 16)
  store<u32>(HELD, 0x30303030, 20)
  store<u32>(HELD, 0x10101010, 24)
  store<u32>(HELD, 0x00010001, 28)
  store<u32>(HELD, 0x77800000, 88)
  store<u32>(HELD, 0x003f003f, 92)
  store<u32>(HELD, 0xffff0000, 96)
  store<u32>(HELD, 0x8fffe000, 100)
  store<f32>(EXP, 88)
  store<f32>(EXP, -87.3, 4)
  store<f32>(EXP, 1.4426950408889634, 8)
  store<f32>(EXP, ROUNDER, 12)
  store<f32>(EXP, -0.693359375, 16)
  store<f32>(EXP, 2.1219444e-4, 20)
  store<f32>(EXP, 1.98756915e-4, 24)
  store<f32>(EXP, 1.3981999507e-3, 28)
  store<f32>(EXP, 8.3334519073e-3, 32)
  store<f32>(EXP, 4.1665795894e-2, 36)
  store<f32>(EXP, 1.6666665459e-1, 40)
  store<f32>(EXP, 5.0000001201e-1, 44)
  store<f32>(EXP, 1, 48)
  store<i32>(EXP, 127, 52)
  const iq4Low = i8x16(1, 8, 13, 15, 15, 13, 10, 6, 1, 13, 9, 6, 5, 5, 9, 1),
    iq4High = i8x16(0, 1, 2, 3, 4, 5, 6, 7, 8, 8, 9, 10, 11, 12, 13, 15)
  v128.store(TABLES, i8x16(12, 13, 14, 15, 16, 18, 20, 24, 12, 11, 10, 9, 8, 6, 4, 0))
  v128.store(TABLES, iq4Low, 16)
  v128.store(TABLES, iq4High, 32)
  v128.store(TABLES, v128.or(iq4Low, i8x16.shl(iq4High, 4)), 48)
}

/** Low nibbles of bytes. @inline */
export function heldNibbles(): v128 {
  return v128.load32_splat(HELD)
}
/** Bits 4 and 5 of bytes: the upper ones of codes of six. @inline */
export function heldUpperTwo(): v128 {
  return v128.load32_splat(HELD, 20)
}
/** Bit 4 of bytes: the upper one of codes of five. @inline */
export function heldUpperOne(): v128 {
  return v128.load32_splat(HELD, 24)
}
/** The lower six bits of lanes of i16. @inline */
export function heldSix(): v128 {
  return v128.load32_splat(HELD, 92)
}
/** Ones in lanes of i16. @inline */
export function heldOnes(): v128 {
  return v128.load32_splat(HELD, 28)
}
/** Sign, exponent and mantissa of fp8 that were moved into an f32 (dequantize.ts). @inline */
export function heldFp8Bits(): v128 {
  return v128.load32_splat(HELD, 4)
}
/** 2^64, f32. @inline */
export function heldLift(): v128 {
  return v128.load32_splat(HELD, 8)
}
/** 2^56, f32. @inline */
export function heldRest(): v128 {
  return v128.load32_splat(HELD, 16)
}
/** Sign, exponent and mantissa of an f16 that was moved up in an f32 (simd.ts, loadF16x4). @inline */
export function heldF16Bits(): v128 {
  return v128.load32_splat(HELD, 12)
}

/** The bf16 in the upper half of 32 bits. @inline */
export function heldUpperHalf(): v128 {
  return v128.load32_splat(HELD, 96)
}
/** What heldF16Bits are of an f16 that came from the upper half of 32 bits. @inline */
export function heldUpperF16Bits(): v128 {
  return v128.load32_splat(HELD, 100)
}

/** 2^112, f32: what an f16 lacks that was moved up. @inline */
export function heldF16Unit(): v128 {
  return v128.load32_splat(HELD, 88)
}

// Tables of codes of four bits.
/** Twice e2m1, plus 12. @inline */
export function heldE2m1(): v128 {
  return v128.load(TABLES)
}
/** IQ4_NL's points plus 128: their lower four bits. @inline */
export function heldIq4Low(): v128 {
  return v128.load(TABLES, 16)
}
/** Their upper four bits. @inline */
export function heldIq4High(): v128 {
  return v128.load(TABLES, 32)
}
/** The whole points. @inline */
export function heldIq4(): v128 {
  return v128.load(TABLES, 48)
}

// Of exp4 (simd.ts).
/** @inline */
export function expMost(): v128 {
  return v128.load32_splat(EXP)
}
/** @inline */
export function expLeast(): v128 {
  return v128.load32_splat(EXP, 4)
}
/** 1 / ln 2 @inline */
export function expSteps(): v128 {
  return v128.load32_splat(EXP, 8)
}
/** @inline */
export function expRounder(): v128 {
  return v128.load32_splat(EXP, 12)
}
/** -ln 2 is the sum of these two; the first has few bits, so that its products are exact. @inline */
export function expStep(): v128 {
  return v128.load32_splat(EXP, 16)
}
/** @inline */
export function expStepRest(): v128 {
  return v128.load32_splat(EXP, 20)
}
/** The polynomial's, of the highest power first. @inline */
export function expTerm(i: usize): v128 {
  return v128.load32_splat(EXP + (i << 2), 24)
}
/** @inline */
export function expOne(): v128 {
  return v128.load32_splat(EXP, 48)
}
/** What is added to an exponent, i32. @inline */
export function expBias(): v128 {
  return v128.load32_splat(EXP, 52)
}
