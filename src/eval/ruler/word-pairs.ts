/** What can be drawn from: texts by their places. */
export interface Words {
  readonly length: number
  at(index: number): string | undefined
}

/** Adjectives whose pairs lie between each other's in the order, or one alone. */
interface Section {
  readonly from: number
  readonly adjective: string
  readonly whole: readonly string[] | undefined
}

/**
 * All pairs `adjective-noun`, each once, in the order of code points. There are six millions, so they are made when they are asked for:
 * pairs of one adjective follow each other, but where another one begins with it and a hyphen.
 */
export function wordPairs(adjectives: readonly string[], nouns: readonly string[]): Words {
  const ends = ordered(nouns)
  const beginnings = ordered(adjectives.map((adjective) => `${adjective}-`))
  const sections: Section[] = []
  let length = 0
  for (let i = 0; i < beginnings.length;) {
    const first = beginnings[i]!
    let next = i + 1
    while (beginnings[next]?.startsWith(first)) next++
    const mixed = beginnings.slice(i, next)
    const whole = mixed.length > 1 ? ordered(mixed.flatMap((one) => ends.map((end) => one + end))) : undefined
    sections.push({ from: length, adjective: first, whole })
    length += whole?.length ?? ends.length
    i = next
  }
  const at = (index: number): string | undefined => {
    const section = sections.findLast(({ from }) => from <= index)
    if (!section || index >= length) return undefined
    const place = index - section.from
    return section.whole ? section.whole[place] : section.adjective + ends[place]!
  }
  return { length, at }
}

/** Each once. */
export function ordered(words: readonly string[]): string[] {
  return [...new Set(words)].sort()
}
