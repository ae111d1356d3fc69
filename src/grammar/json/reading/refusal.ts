/** Refusals of schemas: each names the place (a JSON pointer) and the keyword, what was expected and what was found. */
import { UserError } from '../../../errors.js'
import { grammarTooComplex, invalidGrammar } from '../../syntax/refuse.js'

const MOST_SHOWN = 40

/** @param keyword the keyword at fault, or undefined for the whole schema */
export function refused(path: string, keyword: string | undefined, what: string): UserError {
  return invalidGrammar(`${keyword === undefined ? path : at(path, keyword)}: ${what}`)
}

/** Where something else was expected. */
export function expected(path: string, keyword: string | undefined, what: string, found: unknown): UserError {
  return refused(path, keyword, `expected ${what}, found ${described(found)}`)
}

export function tooComplex(path: string, what: string): UserError {
  return grammarTooComplex(`${path}: ${what}`)
}

/** A place below another, as a JSON pointer (RFC 6901). */
export function at(path: string, key: string | number): string {
  return `${path}/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`
}

/** A value in a few words. Values may be nested too deeply to be written, and may hold more than JSON does. */
export function described(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (value === null || typeof value === 'boolean' || typeof value === 'number') return String(value)
  if (typeof value === 'string')
    return JSON.stringify(value.length > MOST_SHOWN ? `${value.slice(0, MOST_SHOWN)}...` : value)
  if (Array.isArray(value)) return value.length === 0 ? 'an empty array' : 'an array'
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}

/** What `make` makes; a refusal that names no place, as those of expressions, gets this one. */
export function locatedIn<T>(path: string, make: () => T): T {
  try {
    return make()
  } catch (error) {
    if (!(error instanceof UserError) || /: #/.test(error.message)) throw error
    const what = error.message.replace(/^the grammar (cannot be used|is too complex): /, '')
    throw error.code === 'grammar_too_complex' ? tooComplex(path, what) : refused(path, undefined, what)
  }
}
