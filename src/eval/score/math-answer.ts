/**
 * What an answer to a problem of mathematics comes to, and whether two such results are the same text but for how they are written in
 * LaTeX. As lm-evaluation-harness' `aime` has it, which has it from the MATH data set (Hendrycks et al., arXiv 2103.03874).
 */

import { codePointCount } from '../../chat/python/values.js'

/** What is in the last \boxed{}; else what lies between the first and the last dollar sign; else all of it. */
export function resultIn(text: string): { readonly result: string; readonly isMarked: boolean } {
  const boxed = lastBoxed(text)
  const inside = boxed === undefined ? undefined : unboxed(boxed)
  if (inside !== undefined) return { result: inside, isMarked: true }
  const [first, last] = [text.indexOf('$'), text.lastIndexOf('$')]
  return first === last ? { result: text, isMarked: false } : { result: text.slice(first + 1, last), isMarked: true }
}

/** Where one of the two cannot be read as LaTeX, they have to be the same text. */
export function isSameResult(a: string, b: string): boolean {
  try {
    return plain(a) === plain(b)
  } catch (error) {
    if (error instanceof UnreadableError) return a === b
    throw error
  }
}

class UnreadableError extends Error {}

const BOXED = '\\boxed'

/** From the last \boxed (or \fbox) to where its brace is closed; with a space in place of a brace, to the next dollar sign. */
function lastBoxed(text: string): string | undefined {
  if (text.includes(`${BOXED} `)) return `${BOXED} ${text.split(`${BOXED} `).at(-1)!.split('$')[0]!}`
  const at = text.includes(BOXED) ? text.lastIndexOf(BOXED) : text.lastIndexOf('\\fbox')
  if (at < 0) return undefined
  let open = 0
  for (let i = at; i < text.length; i++) {
    if (text[i] === '{') open++
    if (text[i] === '}' && --open === 0) return text.slice(at, i + 1)
  }
  return undefined
}

function unboxed(text: string): string | undefined {
  if (text.includes(`${BOXED} `)) return text.startsWith(`${BOXED} `) ? text.slice(BOXED.length + 1) : undefined
  return text.startsWith(`${BOXED}{`) && text.endsWith('}') ? text.slice(BOXED.length + 1, -1) : undefined
}

/** Spaces, units and ways of writing taken out. The order decides. */
function plain(text: string): string {
  let rest = text
    .replaceAll('\n', '')
    .replaceAll('\\!', '')
    .replaceAll('\\\\', '\\')
    .replaceAll('tfrac', 'frac')
    .replaceAll('dfrac', 'frac')
    .replaceAll('\\left', '')
    .replaceAll('\\right', '')
    .replaceAll('^{\\circ}', '')
    .replaceAll('^\\circ', '')
    .replaceAll('\\$', '')
  rest = withoutUnit(rest).replaceAll('\\%', '').replaceAll(' .', ' 0.').replaceAll('{.', '{0.')
  if (rest === '') return rest
  if (rest.startsWith('.')) rest = `0${rest}`
  const sides = rest.split('=')
  if (sides.length === 2 && codePointCount(sides[0]!) <= 2) rest = sides[1]!
  const written = withFractions(withRoots(rest).replaceAll(' ', ''))
  return slashed(written === '0.5' ? '\\frac{1}{2}' : written)
}

function withoutUnit(text: string): string {
  const parts = text.split('\\text{ ')
  if (parts.length > 2) throw new UnreadableError()
  return parts[0]!
}

/** \sqrt3 is \sqrt{3}. */
function withRoots(text: string): string {
  const [first = '', ...others] = text.split('\\sqrt')
  return first + others.map((one) => `\\sqrt${braced(one)}`).join('')
}

/** The first character in braces, where it has none. */
function braced(text: string): string {
  const [first, ...rest] = Array.from(text)
  if (first === undefined) throw new UnreadableError()
  return first === '{' ? text : `{${first}}${rest.join('')}`
}

/** \frac12 is \frac{1}{2}; as it is where one is too short. */
function withFractions(text: string): string {
  const [first = '', ...others] = text.split('\\frac')
  let written = first
  for (const one of others) {
    const [above, below, ...rest] = Array.from(one)
    if (above === undefined) throw new UnreadableError()
    if (above !== '{' && below === undefined) return text
    written += `\\frac${above === '{' ? one : `{${above}}${below === '{' ? below : `{${below}}`}${rest.join('')}`}`
  }
  return written
}

/** 1/2 is \frac{1}{2}. */
function slashed(text: string): string {
  const [a = '', b = '', ...more] = text.split('/')
  if (more.length > 0 || !text.includes('/')) return text
  if (![a, b].every((side) => /^[+-]?\d+(?:_\d+)*$/.test(side))) throw new UnreadableError()
  return [a, b].every((side) => /^(?:0|-?[1-9]\d*)$/.test(side)) ? `\\frac{${a}}{${b}}` : text
}
