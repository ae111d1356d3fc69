/** Sets of token ids as grammars give them: bit `id & 31` of word `id >> 5`. */

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

function lowestBit(bits: number): number {
  return 31 - Math.clz32(bits & -bits)
}

/** The number of ones among 32 bits, by halves (Hacker's Delight, 5-1). */
function bitsOf(word: number): number {
  let n = word - ((word >>> 1) & 0x55555555)
  n = (n & 0x33333333) + ((n >>> 2) & 0x33333333)
  return Math.imul((n + (n >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
}
