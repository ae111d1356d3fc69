/** Words and sentences, as far as rules tell them. */

/** Runs of letters, digits and underscores of any script: Python's `\w+`. */
export function countWords(text: string): number {
  return (text.match(/[\p{L}\p{N}_]+/gu) ?? []).length
}

/** What NLTK's word tokenizer calls a word, and has capitals only. It keeps hyphens and full stops inside of words. */
export function capitalWords(text: string): number {
  const tokens = text
    .replace(/(?<=\p{L})('s|'S|'m|'M|'d|'D|'ll|'LL|'re|'RE|'ve|'VE|n't|N'T)(?![\p{L}])/gu, ' $1')
    .replace(/([,:])(?!\p{Nd})|([;@#$%&?!()[\]{}<>"“”‘…]|\.\.+|--)/gu, ' $1$2 ')
    .replace(/\.(?=\s*$)/, ' . ')
    .split(/\s+/)
  return tokens.filter((token) => /\p{Lu}/u.test(token) && !/[\p{Ll}\p{Lt}]/u.test(token)).length
}

/** After these a full stop ends no sentence. */
const ABBREVIATION =
  /(?:^|[\s("'])(?:Mr|Mrs|Ms|Dr|Prof|St|Jr|Sr|vs|etc|e\.g|i\.e|a\.m|p\.m|U\.S|No|Inc|Ltd|Co|[A-Z])\.$/

/** A full stop, a question or an exclamation mark with closing quotes, before white space; and the rest. */
export function countSentences(text: string): number {
  let sentences = 0
  let begin = 0
  for (const { 0: mark, index } of text.matchAll(/[.?!]+["')\]”’*]*(?=\s|$)/g)) {
    const end = index + mark.length
    const before = text.slice(begin, index + 1)
    const next = /^\s+(\S)/.exec(text.slice(end, end + 80))?.[1]
    const goesOn = mark.startsWith('.') && next !== undefined && (ABBREVIATION.test(before) || /\p{Ll}/u.test(next))
    if (goesOn) continue
    if (/\S/.test(before)) sentences++
    begin = end
  }
  return sentences + (/\S/.test(text.slice(begin)) ? 1 : 0)
}
