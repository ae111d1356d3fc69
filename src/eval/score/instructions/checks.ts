/**
 * The 25 kinds of instructions of IFEval, each a question to an answer's text, as lm-evaluation-harness checks them. Three kinds need tools
 * that exist in Python only, and are marked in {@link APPROXIMATE}. Zhou et al., arXiv 2311.07911.
 */
import type { JsonObject } from '../../../json.js'
import { splitWords, strip } from '../../../chat/python/text.js'
import { looksEnglish, writtenIn } from './language.js'
import { countSentences, countWords, capitalWords } from './tokens.js'

type Check = (text: string, given: JsonObject) => boolean

/** The harness asks NLTK's Punkt or langdetect; ours follow rules, and may differ on unusual texts. */
export const APPROXIMATE: ReadonlySet<string> = new Set([
  'length_constraints:number_sentences',
  'language:response_language',
  'change_case:capital_word_frequency',
  'change_case:english_capital',
  'change_case:english_lowercase',
])

export const CHECKS: Readonly<Record<string, Check>> = {
  'keywords:existence': (text, given) => list(given, 'keywords').every((word) => pattern(word).test(text)),
  'keywords:frequency': (text, given) => {
    const found = [...text.matchAll(pattern(strip(string(given, 'keyword')), 'g'))].length
    return related(found, given, 'frequency', 'relation')
  },
  'keywords:forbidden_words': (text, given) =>
    !list(given, 'forbidden_words').some((word) => pattern(`${BEGIN_OR_END}${word}${BEGIN_OR_END}`).test(text)),
  'keywords:letter_frequency': (text, given) => {
    const letter = string(given, 'letter').trim().toLowerCase()
    const found = Array.from(text.toLowerCase()).filter((one) => one === letter).length
    return related(found, given, 'let_frequency', 'let_relation')
  },
  'language:response_language': (text, given) => writtenIn(text, string(given, 'language')),
  'length_constraints:number_sentences': (text, given) =>
    related(countSentences(text), given, 'num_sentences', 'relation'),
  'length_constraints:number_paragraphs': (text, given) => paragraphs(text) === number(given, 'num_paragraphs'),
  'length_constraints:number_words': (text, given) => related(countWords(text), given, 'num_words', 'relation'),
  'length_constraints:nth_paragraph_first_word': nthParagraph,
  'detectable_content:number_placeholders': (text, given) =>
    count(/\[[^\n]*?\]/g, text) >= number(given, 'num_placeholders'),
  'detectable_content:postscript': postscript,
  'detectable_format:number_bullet_lists': (text, given) =>
    count(/^\s*\*[^*][^\n]*$/gm, text) + count(/^\s*-[^\n]*$/gm, text) === number(given, 'num_bullets'),
  'detectable_format:constrained_response': (text) =>
    ['My answer is yes.', 'My answer is no.', 'My answer is maybe.'].some((option) => strip(text).includes(option)),
  'detectable_format:number_highlighted_sections': highlights,
  'detectable_format:multiple_sections': (text, given) => {
    const mark = new RegExp(`\\s?${strip(string(given, 'section_spliter'))}\\s?\\p{Nd}+\\s?`, 'gu')
    return count(mark, text) >= number(given, 'num_sections')
  },
  'detectable_format:json_format': isJson,
  'detectable_format:title': (text) =>
    (text.match(/<<[^\n]+>>/g) ?? []).some((title) => strip(title.replace(/^<+|>+$/g, '')) !== ''),
  'combination:two_responses': twoResponses,
  'combination:repeat_prompt': (text, given) =>
    strip(text)
      .toLowerCase()
      .startsWith(strip(string(given, 'prompt_to_repeat')).toLowerCase()),
  'startend:end_checker': (text, given) =>
    strip(text)
      .replace(/^"+|"+$/g, '')
      .toLowerCase()
      .endsWith(strip(string(given, 'end_phrase')).toLowerCase()),
  'startend:quotation': (text) => /^"[^]*"$/.test(strip(text)),
  'change_case:capital_word_frequency': (text, given) =>
    related(capitalWords(text), given, 'capital_frequency', 'capital_relation'),
  'change_case:english_capital': (text) => hasOnly(text, 'upper') && looksEnglish(text.toLowerCase()),
  'change_case:english_lowercase': (text) => hasOnly(text, 'lower') && looksEnglish(text),
  'punctuation:no_comma': (text) => !text.includes(','),
}

/** Python's \b: a letter of any script on one side. */
const LETTER = '[\\p{L}\\p{N}_]'
const BEGIN_OR_END = `(?:(?<=${LETTER})(?!${LETTER})|(?<!${LETTER})(?=${LETTER}))`

/** The data give words, which the harness takes as expressions. What is none in JavaScript is taken as it is written. */
function pattern(source: string, flags = ''): RegExp {
  try {
    return new RegExp(source, `iu${flags}`)
  } catch {
    return new RegExp(source.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'), `iu${flags}`)
  }
}

/** Fewer than, or at least. */
function related(found: number, given: JsonObject, field: string, relation: string): boolean {
  return given[relation] === 'less than' ? found < number(given, field) : found >= number(given, field)
}

/** Between lines of ***; one that is empty may only be the first or the last. */
function paragraphs(text: string): number {
  const parts = text.split(/\s?\*\*\*\s?/)
  const isEmpty = parts.map((part) => strip(part) === '')
  if (isEmpty.slice(1, -1).includes(true)) return NaN
  const [first, last] = [isEmpty[0], parts.length > 1 && isEmpty.at(-1)]
  return parts.length - (first ? 1 : 0) - (last ? 1 : 0)
}

function nthParagraph(text: string, given: JsonObject): boolean {
  const parts = text.split('\n\n')
  const whole = parts.filter((part) => strip(part) !== '').length
  const nth = number(given, 'nth_paragraph')
  const paragraph = nth <= whole ? strip(parts[nth - 1] ?? '') : ''
  if (paragraph === '') return false
  const word = splitWords(paragraph)[0]!.replace(/^'+/, '').replace(/^"+/, '')
  const [first = ''] = /^[^.,?!'"]*/.exec(word) ?? []
  return whole === number(given, 'num_paragraphs') && first.toLowerCase() === string(given, 'first_word').toLowerCase()
}

function postscript(text: string, given: JsonObject): boolean {
  const marker = strip(string(given, 'postscript_marker'))
  const lower = text.toLowerCase()
  if (marker === 'P.P.S') return /p\.\s?p\.\s?s/.test(lower)
  if (marker === 'P.S.') return /p\.\s?s\./.test(lower)
  return pattern(marker.toLowerCase()).test(lower)
}

function highlights(text: string, given: JsonObject): boolean {
  const single = (text.match(/\*[^\n*]*\*/g) ?? []).filter((one) => strip(one.replace(/^\*+|\*+$/g, '')) !== '')
  const double = (text.match(/\*\*[^\n*]*\*\*/g) ?? []).filter((one) => strip(one.slice(2, -2)) !== '')
  return single.length + double.length >= number(given, 'num_highlights')
}

/** In a block of code or not. Python's reader takes NaN and Infinity too. */
function isJson(text: string): boolean {
  const marks = ['```json', '```Json', '```JSON', '```']
  const inner = marks.reduce((rest, mark) => (rest.startsWith(mark) ? rest.slice(mark.length) : rest), strip(text))
  const json = strip(inner.endsWith('```') ? inner.slice(0, -3) : inner)
  try {
    JSON.parse(json.replace(/"(?:[^"\\]|\\.)*"|-?Infinity|NaN/g, (part) => (part.startsWith('"') ? part : '0')))
    return true
  } catch {
    return false
  }
}

function twoResponses(text: string): boolean {
  const parts = text.split('******')
  const empty = parts.map((part) => strip(part) === '')
  if (empty.slice(1, -1).includes(true)) return false
  const [first, second, ...more] = parts.filter((part) => strip(part) !== '').map((one) => strip(one))
  return second !== undefined && more.length === 0 && first !== second
}

/** `str.isupper()`, `str.islower()`: at least one letter with a case, and none of the other. */
function hasOnly(text: string, letters: 'upper' | 'lower'): boolean {
  const [own, other] = letters === 'upper' ? [/\p{Lu}/u, /[\p{Ll}\p{Lt}]/u] : [/\p{Ll}/u, /[\p{Lu}\p{Lt}]/u]
  return own.test(text) && !other.test(text)
}

function count(expression: RegExp, text: string): number {
  return [...text.matchAll(expression)].length
}

function string(given: JsonObject, field: string): string {
  const value = given[field]
  return typeof value === 'string' ? value : ''
}

function number(given: JsonObject, field: string): number {
  return Number(given[field] ?? 0)
}

function list(given: JsonObject, field: string): string[] {
  const value = given[field]
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : []
}

/** An answer follows an instruction only if there is one. */
export function follows(id: string, text: string, given: JsonObject): boolean {
  const check = CHECKS[id]
  return check !== undefined && strip(text) !== '' && check(text, given)
}

/** Without its first line, its last one, both, and each without asterisks: the loose reading. */
export function readings(text: string): string[] {
  const lines = text.split('\n')
  const inner = [lines.slice(1), lines.slice(0, -1), lines.slice(1, -1)].map((some) => strip(some.join('\n')))
  const plain = [text, ...inner]
  return [...plain, ...plain.map((one) => one.replaceAll('*', ''))]
}
