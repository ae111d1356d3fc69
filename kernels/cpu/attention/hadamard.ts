// Rotation of a head's columns by a Hadamard matrix, before they become codes (QuaRot, arXiv 2404.00456, section 4.2): a
// column far larger than the others, as biases of keys make it, is shared out among all, so that the step between codes
// is fine for the others too. Queries turned the same way have the same products with the keys.

/**
 * x [n], in place times H / sqrt(S): S, the largest power of two that divides n (at least 32), columns at a time. H is its
 * own inverse.
 */
export function turn(x: usize, n: i32): void {
  const span = (<usize>(n & -n)) << 2,
    end = x + ((<usize>n) << 2)
  const by = f32x4.splat(1 / sqrt<f32>(<f32>(n & -n))),
    signs1 = f32x4(1, -1, 1, -1),
    signs2 = f32x4(1, 1, -1, -1)
  for (let i = x; i < end; i += 16) {
    let v = f32x4.mul(v128.load(i), by)
    v = f32x4.add(f32x4.mul(v, signs1), v128.shuffle<i32>(v, v, 1, 0, 3, 2))
    v128.store(i, f32x4.add(f32x4.mul(v, signs2), v128.shuffle<i32>(v, v, 2, 3, 0, 1)))
  }
  for (let half: usize = 16; half < span; half <<= 1)
    for (let at = x; at < end; at += 2 * half)
      for (let i = at; i < at + half; i += 16) {
        const a = v128.load(i),
          b = v128.load(i + half)
        v128.store(i, f32x4.add(a, b))
        v128.store(i + half, f32x4.sub(a, b))
      }
}
