/** Sets of token ids as grammars give them: bit `id & 31` of word `id >> 5`. */

/** The ids of a set that are below `size`, rising. */
export function idsOf(set: Int32Array, size: number): Int32Array {
  const ids = new Int32Array(Math.min(countOf(set), size))
  let count = 0
  for (let word = 0; word < set.length; word++) {
    for (let bits = set[word]!; bits !== 0; bits &= bits - 1) {
      const id = word * 32 + lowestBit(bits)
      if (id < size) ids[count++] = id
    }
  }
  return count === ids.length ? ids : ids.subarray(0, count)
}

/** How many ids a set has. */
export function countOf(set: Int32Array): number {
  let count = 0
  for (const word of set) if (word !== 0) count += bitsOf(word)
  return count
}

/** The only id of a set; undefined where it has none or several. */
export function onlyIdOf(set: Int32Array): number | undefined {
  let found: number | undefined
  for (let word = 0; word < set.length; word++) {
    const bits = set[word]!
    if (bits === 0) continue
    if (found !== undefined || (bits & (bits - 1)) !== 0) return undefined
    found = word * 32 + lowestBit(bits)
  }
  return found
}

/** The id of a set with the largest score, the lowest of equals; one whose score is not a number, where there is one. */
export function largestOf(scores: Float32Array, set: Int32Array): number | undefined {
  let best = -1
  let max = -Infinity
  const size = Math.min(set.length * 32, scores.length)
  for (let from = 0; from < size && max === max; from += 32) {
    const end = Math.min(from + 32, size)
    for (let bits = set[from >> 5]!; bits !== 0; bits &= bits - 1) {
      const id = from + lowestBit(bits)
      if (id >= end || scores[id]! <= max) continue
      max = scores[id]!
      best = id
    }
  }
  return best < 0 ? undefined : best
}

function lowestBit(bits: number): number {
  return 31 - Math.clz32(bits & -bits)
}

/** The number of ones among 32 bits, by halves (Hacker's Delight, 5-1). */
function bitsOf(word: number): number {
  let n = word - ((word >>> 1) & 0x55555555)
  n = (n & 0x33333333) + ((n >>> 2) & 0x33333333)
  return Math.imul((n + (n >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
}
