/**
 * Whether tool calls are those that BFCL v4 allows: the AST part of its checker (bfcl-eval 2026.3.23, `ast_checker.py`), with its quirks, so
 * that scores are equal. Kinds of mismatches have its names.
 */
import { shown } from '../../chat/python/json.js'
import { str } from '../../chat/python/text.js'
import { Dict, type Value } from '../../chat/python/values.js'
import { UserError } from '../../errors.js'
import type { JsonObject } from '../../json.js'
import { JAVA_TYPES } from './java.js'
import { JAVASCRIPT_TYPES } from './javascript.js'
import { checkParameter, type Mismatch } from './parameters.js'
import { PYTHON_TYPES, Unchecked, type LanguageTypes } from './types.js'

export type { Mismatch } from './parameters.js'

export type CallLanguage = 'python' | 'java' | 'javascript'
/** simple: one function, one call. multiple: one call, of several functions. parallel: several calls, in any order. */
export type CallKind = 'simple' | 'multiple' | 'parallel'

export interface Call {
  readonly name: string
  readonly arguments: Dict
}

/** A function as BFCL describes it. */
export interface FunctionDescription {
  readonly name: string
  readonly parameters: {
    readonly properties: Readonly<Record<string, JsonObject>>
    readonly required: readonly string[]
  }
}

/** What a call may be; an allowed '' says that the parameter may be left out. */
export interface Answer {
  readonly name: string
  readonly parameters: ReadonlyMap<string, readonly Value[]>
}

export interface Question {
  readonly kind: CallKind
  readonly language: CallLanguage
  readonly functions: readonly FunctionDescription[]
  readonly answers: readonly Answer[]
  /** Names were sent with `_` in place of dots, as most APIs want them. */
  readonly hasDotsReplaced: boolean
}

const NO_ANSWER: Answer = { name: '', parameters: new Map() }

const LANGUAGES: Readonly<Record<CallLanguage, LanguageTypes>> = {
  python: PYTHON_TYPES,
  java: JAVA_TYPES,
  javascript: JAVASCRIPT_TYPES,
}

/** Why the calls are not those that are wanted; undefined where they are. */
export function mismatchOf(question: Question, calls: readonly Call[]): Mismatch | undefined {
  try {
    if (question.kind === 'parallel') return inAnyOrder(question, calls)
    const prefix = question.kind === 'multiple' ? 'multiple_function_checker' : 'simple_function_checker'
    const { functions, answers } = question
    if (calls.length !== (question.kind === 'multiple' ? answers.length : 1)) return wrongCount(prefix, answers, calls)
    const [answer = NO_ANSWER] = answers
    const described = question.kind === 'multiple' ? functionNamed(functions, answer.name) : functions[0]
    return mismatchOfCall(question, described, calls[0]!, answer)
  } catch (cause) {
    if (cause instanceof Unchecked) return { kind: 'unchecked', reason: cause.message }
    throw cause
  }
}

/** Each answer takes the first call that fits and that none took before. */
function inAnyOrder(question: Question, calls: readonly Call[]): Mismatch | undefined {
  const { functions, answers } = question
  const prefix = 'parallel_function_checker_no_order'
  if (calls.length !== answers.length) return wrongCount(prefix, answers, calls)
  const left = new Set(calls)
  for (const answer of answers) {
    const described = functionNamed(functions, answer.name)
    const found = firstOf(left, (call) => mismatchOfCall(question, described, call, answer) === undefined)
    if (!found) return { kind: `${prefix}:cannot_find_match`, reason: `no call that fits ${answer.name} is left` }
    left.delete(found)
  }
  return undefined
}

function firstOf<T>(items: Iterable<T>, fits: (item: T) => boolean): T | undefined {
  for (const item of items) if (fits(item)) return item
  return undefined
}

function wrongCount(prefix: string, answers: readonly Answer[], calls: readonly Call[]): Mismatch {
  return { kind: `${prefix}:wrong_count`, reason: `expected ${answers.length} calls, found ${calls.length}` }
}

function mismatchOfCall(
  { language, hasDotsReplaced }: Question,
  described: FunctionDescription | undefined,
  call: Call,
  answer: Answer,
): Mismatch | undefined {
  if (!described) throw new Unchecked('the function of the answer is not described')
  const checker = 'simple_function_checker'
  const { properties, required } = described.parameters
  const name = hasDotsReplaced ? described.name.replaceAll('.', '_') : described.name
  if (call.name !== name) return { kind: `${checker}:wrong_func_name`, reason: `expected ${name}, found ${call.name}` }
  const missing = required.find((parameter) => !call.arguments.has(parameter))
  if (missing !== undefined) return { kind: `${checker}:missing_required`, reason: `${missing} is missing` }
  for (const [parameter, value] of call.arguments.entries()) {
    const key = str(parameter)
    const [description, values] = [own(properties, key), answer.parameters.get(key)]
    if (description === undefined || values === undefined)
      return { kind: `${checker}:unexpected_param`, reason: `${key} is no parameter of the answer` }
    const mismatch = checkParameter(LANGUAGES[language], key, value, description, values)
    if (mismatch) return mismatch
  }
  for (const [parameter, values] of answer.parameters)
    if (!call.arguments.has(parameter) && !values.includes(''))
      return { kind: `${checker}:missing_optional`, reason: `${parameter} is missing` }
  return undefined
}

function own<T>(object: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined
}

function functionNamed(functions: readonly FunctionDescription[], name: string): FunctionDescription | undefined {
  return functions.find((described) => described.name === name)
}

/** Reads `[{name: {parameter: [allowed, ...]}}, ...]`, as the data have it. @throws UserError for what is otherwise */
export function answersOf(value: Value | undefined): Answer[] {
  return listOf(value).map((answer) => {
    const [[name, parameters] = []] = answer instanceof Dict ? answer.entries() : []
    if (typeof name !== 'string' || !(parameters instanceof Dict)) throw unreadable(answer)
    return {
      name,
      parameters: new Map(parameters.entries().map(([parameter, allowed]) => [str(parameter), listOf(allowed)])),
    }
  })
}

function listOf(value: Value | undefined): readonly Value[] {
  if (Array.isArray(value)) return value
  throw unreadable(value)
}

function unreadable(found: Value | undefined): UserError {
  const what = found === undefined ? 'nothing' : shown(found)
  return new UserError(`an answer of BFCL: expected {name: {parameter: [allowed, ...]}}, found ${what}`, 'invalid_file')
}

/** The calls of an answer; undefined where one has arguments that are no JSON object, which the reference cannot decode. */
export function callsOf(
  calls: readonly { readonly name: string; readonly arguments: Value | undefined }[],
): Call[] | undefined {
  const decoded = calls.map(({ name, arguments: given }) =>
    given instanceof Dict ? { name, arguments: given } : undefined,
  )
  return decoded.every((call) => call !== undefined) ? decoded : undefined
}
