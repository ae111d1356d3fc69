/** How much an unknown character costs beyond the least likely piece. sentencepiece, unigram_model.cc. */
const UNKNOWN_PENALTY = 10

/**
 * The most likely way to cut a text into pieces (Viterbi). `scoreOf` gives a piece's log likelihood; a character that begins
 * no piece is a piece of its own at a penalty.
 */
export function unigramPieces(
  characters: readonly string[],
  scoreOf: (piece: string) => number | undefined,
  longest: number,
  lowest: number,
): string[] {
  const n = characters.length
  const best = new Float64Array(n + 1).fill(-Infinity)
  const from = new Int32Array(n + 1)
  best[0] = 0
  for (let start = 0; start < n; start++) {
    let piece = ''
    let single = false
    for (let end = start + 1; end <= Math.min(n, start + longest); end++) {
      piece += characters[end - 1]!
      const score = scoreOf(piece)
      if (score === undefined) continue
      if (end === start + 1) single = true
      consider(start, end, score)
    }
    if (!single) consider(start, start + 1, lowest - UNKNOWN_PENALTY)
  }
  const pieces: string[] = []
  for (let end = n; end > 0; end = from[end]!) pieces.push(characters.slice(from[end], end).join(''))
  return pieces.reverse()

  function consider(start: number, end: number, score: number): void {
    if (best[start]! + score <= best[end]!) return
    best[end] = best[start]! + score
    from[end] = start
  }
}
