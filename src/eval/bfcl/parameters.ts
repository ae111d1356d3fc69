/** One parameter of a call against the values that are allowed. */
import { equals } from '../../chat/python/compare.js'
import { shown } from '../../chat/python/json.js'
import { str } from '../../chat/python/text.js'
import { Dict, Float, typeName, type Value } from '../../chat/python/values.js'
import { isJsonObject, type JsonObject } from '../../json.js'
import { typeNamed, Unchecked, type LanguageTypes } from './types.js'

export interface Mismatch {
  /** As the reference's `error_type`. */
  readonly kind: string
  readonly reason: string
}

/** A longer text is no value that somebody wrote by hand. */
const LONGEST_TEXT = 1 << 14

/** @param allowed the values of the answer; '' where it may be left out */
export function checkParameter(
  language: LanguageTypes,
  parameter: string,
  given: Value,
  description: JsonObject,
  allowed: readonly Value[],
): Mismatch | undefined {
  const type = nameOfType(description)
  const expected = typeNamed(language, type)
  if (language.read && typeof given !== 'string')
    return { kind: language.textError ?? 'type_error:simple', reason: `${parameter}: expected text` }
  const itemType = language.lists.includes(type) ? nameOfType(description['items']) : undefined
  const expectedItem = itemType === undefined ? undefined : typeNamed(language, itemType)
  const value = valueOf(language, given, type, itemType)
  const checked = checkType(parameter, value, allowed, expected, expectedItem)
  if ('kind' in checked) return checked
  if (!checked.isVariable) {
    if (expected === 'dict') return checkObject(parameter, value, allowed)
    if (expected === 'list' && expectedItem === 'dict') return checkObjects(parameter, value, allowed)
    if (expected === 'str') return checkText(parameter, value, allowed)
    if (expected === 'list') return checkList(parameter, value, allowed)
  }
  return includes(allowed, value) ? undefined : unexpected('value_error:others', parameter, value, allowed)
}

function nameOfType(description: unknown): string {
  const type = isJsonObject(description) ? description['type'] : undefined
  if (typeof type === 'string') return type
  throw new Unchecked('a parameter without a type')
}

/** The value that the call means: read out of its text, or a float where an int was given for one. */
function valueOf({ read }: LanguageTypes, given: Value, type: string, itemType: string | undefined): Value {
  if (!read) return type === 'float' && typeName(given) === 'int' ? new Float(Number(given)) : given
  if (typeof given !== 'string' || given.length > LONGEST_TEXT) throw new Unchecked('a text that is too long')
  return read(given, type, itemType)
}

/** isVariable: a name stands where a value would be, and the answer allows that name. */
function checkType(
  parameter: string,
  value: Value,
  allowed: readonly Value[],
  expected: string,
  expectedItem: string | undefined,
): { readonly isVariable: boolean } | Mismatch {
  const first = allowed.find((one) => one !== '')
  const answerType = first === undefined ? undefined : typeName(first)
  const isVariable = answerType !== undefined && answerType !== expected
  const simple = { kind: 'type_error:simple', reason: `${parameter}: expected ${expected}, found ${typeName(value)}` }
  if (typeName(value) !== expected) return typeName(value) === answerType ? { isVariable: true } : simple
  if (expectedItem === undefined || allowed.some((one) => hasItemTypes(parameter, value, one, expectedItem)))
    return { isVariable }
  const nested = { kind: 'type_error:nested', reason: `${parameter}: expected a list of ${expectedItem}` }
  return typeName(value) === answerType ? nested : simple
}

/** Whether each item has the type; an allowed value that is no list says yes, as in the reference. */
function hasItemTypes(parameter: string, list: Value, allowed: Value, expected: string): boolean {
  if (!Array.isArray(allowed)) return true
  if (!Array.isArray(list)) throw new Unchecked('items of what is no list')
  return list.every((item) => !('kind' in checkType(parameter, item, allowed, expected, undefined)))
}

/** Without blanks and `,./-_*^`, in lower case, with double quotes: dates are written in many ways. */
function standard(value: Value): Value {
  return typeof value === 'string'
    ? value
        .replace(/[ ,./\-_*^]/g, '')
        .toLowerCase()
        .replaceAll("'", '"')
    : value
}

function checkText(parameter: string, value: Value, allowed: readonly Value[]): Mismatch | undefined {
  const texts = allowed.filter((one) => typeof one === 'string').map(standard)
  return includes(texts, standard(value)) ? undefined : unexpected('value_error:string', parameter, value, allowed)
}

function checkList(parameter: string, value: Value, allowed: readonly Value[]): Mismatch | undefined {
  const lists = allowed.map((one) => itemsOf(one).map(standard))
  return includes(lists, itemsOf(value).map(standard))
    ? undefined
    : unexpected('value_error:list/tuple', parameter, value, allowed)
}

/** What Python's loops see: the characters of a text, too. */
function itemsOf(value: Value | undefined): readonly Value[] {
  if (typeof value === 'string') return Array.from(value)
  if (Array.isArray(value)) return value
  throw new Unchecked(`a list among ${value === undefined ? 'nothing' : typeName(value)}`)
}

/** Against each allowed object; the last one's mismatch is reported. */
function checkObject(parameter: string, value: Value, allowed: readonly Value[]): Mismatch | undefined {
  let found: Mismatch | undefined = { kind: 'dict_checker:unclear', reason: `${parameter}: no object is allowed` }
  for (const one of allowed) {
    if (one === '') continue
    if (!(value instanceof Dict && one instanceof Dict)) throw new Unchecked('an object among other values')
    found = objectMismatch(value, one)
    if (!found) return undefined
  }
  return found
}

function objectMismatch(value: Dict, allowed: Dict): Mismatch | undefined {
  const missing = allowed.keys().find((key) => !value.has(key) && !mayBeLeftOut(allowed.get(key)!))
  const missed =
    missing === undefined ? undefined : { kind: 'value_error:dict_key', reason: `${str(missing)} is missing` }
  for (const [key, given] of value.entries()) {
    const name = str(key)
    if (!allowed.has(key)) return missed ?? { kind: 'value_error:dict_key', reason: `${name} is not expected` }
    const values = itemsOf(allowed.get(key))
    if (!includes(values.map(standard), standard(given)))
      return missed ?? unexpected('value_error:dict_value', name, given, values)
  }
  return missed
}

/** Python's `'' in`, which holds for every text. */
function mayBeLeftOut(values: Value): boolean {
  if (typeof values === 'string') return true
  if (Array.isArray(values)) return values.includes('')
  if (values instanceof Dict) return values.has('')
  throw new Unchecked('a list of values is wanted')
}

/** Lists of objects, compared one by one. */
function checkObjects(parameter: string, value: Value, allowed: readonly Value[]): Mismatch | undefined {
  let found: Mismatch | undefined = { kind: 'list_dict_checker:unclear', reason: `${parameter}: no list is allowed` }
  const items = itemsOf(value)
  for (const one of allowed) {
    const wanted = itemsOf(one)
    if (items.length !== wanted.length) {
      found = { kind: 'value_error:list_dict_count', reason: `${parameter}: expected ${wanted.length} objects` }
      continue
    }
    found = firstMismatch(items, (item, i) => checkObject(parameter, item, [wanted[i]!]))
    if (!found) return undefined
  }
  return found
}

function firstMismatch<T>(
  items: readonly T[],
  check: (item: T, index: number) => Mismatch | undefined,
): Mismatch | undefined {
  for (const [i, item] of items.entries()) {
    const found = check(item, i)
    if (found) return found
  }
  return undefined
}

function unexpected(kind: string, parameter: string, value: Value, allowed: readonly Value[]): Mismatch {
  return { kind, reason: `${parameter}: expected one of ${shown([...allowed])}, found ${shown(value)}` }
}

/** Python's `in` for a list. */
function includes(list: readonly Value[], value: Value): boolean {
  return list.some((item) => equals(item, value))
}
