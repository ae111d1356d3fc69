import type { z } from 'zod'
import { ApiError } from './api-error.js'

/** What a client hears of a body that its schema does not take: the parameter at fault, what was expected, and what was found. */
export function refusalOf(issues: readonly Issue[], body: unknown): ApiError {
  return issueError(deepest(issues), body)
}

type Issue = z.core.$ZodIssue

/** Of the alternatives of a union, the one that got furthest says best what is wrong. */
function deepest(issues: readonly Issue[], prefix: readonly PropertyKey[] = []): Issue {
  let best: Issue | undefined
  for (const issue of issues) {
    const path = [...prefix, ...issue.path]
    const inner = issue.code === 'invalid_union' ? sameType(issue.errors).flat() : []
    const found = inner.length > 0 ? deepest(inner, path) : ({ ...issue, path } as Issue)
    const candidate = found.path.length > path.length || inner.length === 0 ? found : ({ ...issue, path } as Issue)
    if (!best || candidate.path.length > best.path.length) best = candidate
  }
  return best!
}

/** The alternatives whose type and role are those that were given, else those of the same type, if there are such. */
function sameType<I extends Issue>(alternatives: readonly (readonly I[])[]): readonly (readonly I[])[] {
  const without = (tags: RegExp): readonly (readonly I[])[] =>
    alternatives.filter((issues) => issues.every(({ path }) => !tags.test(path.join('.'))))
  const fitting = without(/^(type|role)?$/)
  if (fitting.length > 0) return fitting
  const ofType = without(/^(type)?$/)
  return ofType.length > 0 ? ofType : alternatives
}

function issueError(issue: Issue, body: unknown): ApiError {
  if (issue.code === 'unrecognized_keys') {
    const param = pathText([...issue.path, issue.keys[0]!])
    return new ApiError(400, `unknown parameter: ${param}`, { code: 'unknown_parameter', param })
  }
  const param = pathText(issue.path)
  const value = valueAt(body, issue.path)
  if (param === '') return new ApiError(400, `expected a JSON object: ${issue.message}`, { code: 'invalid_type' })
  if (value === undefined) {
    return new ApiError(400, `missing parameter: ${param}`, { code: 'missing_required_parameter', param })
  }
  const { message, code } = saidBy(issue, value)
  const isType = code === 'invalid_type' || code === 'invalid_union'
  return new ApiError(400, `${param}: ${message}`, { code: isType ? 'invalid_type' : 'invalid_value', param })
}

/** An issue's message. Zod says of a union only that its input is invalid: what one alternative minds of it, or what all take. */
function saidBy(issue: Issue, value: unknown): Pick<Issue, 'message' | 'code'> {
  if (issue.code === 'invalid_key') return { message: issue.issues[0]?.message ?? issue.message, code: issue.code }
  if (issue.code !== 'invalid_union' || issue.errors.length === 0) return issue
  const all = alternatives(issue)
  const near = all.find(({ code }) => code !== 'invalid_type' && code !== 'invalid_value')
  if (near) return near
  const expected = [...new Set(all.flatMap(takenBy))]
  const message = expected.length > 0 ? `expected ${expected.join(' or ')}, found ${kindOf(value)}` : issue.message
  return { message, code: issue.code }
}

/** What the alternatives of a union, and of those in it, say of the value itself. */
function alternatives({ errors }: Extract<Issue, { code: 'invalid_union' }>): Issue[] {
  return errors
    .flat()
    .filter(({ path }) => path.length === 0)
    .flatMap((issue) => (issue.code === 'invalid_union' ? alternatives(issue) : [issue]))
}

/** In the words of JSON. */
const KINDS: Readonly<Record<string, string | undefined>> = { record: 'object', int: 'whole number' }

function takenBy(issue: Issue): string[] {
  if (issue.code === 'invalid_type') return [KINDS[issue.expected] ?? issue.expected]
  return issue.code === 'invalid_value' ? issue.values.map((value) => JSON.stringify(value)) : []
}

function kindOf(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 40))
  return Array.isArray(value) ? 'array' : typeof value
}

/** `messages[0].content` */
function pathText(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${key}]`
    return text === '' ? String(key) : `${text}.${String(key)}`
  }, '')
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((inner, key) => (inner as Record<PropertyKey, unknown> | null | undefined)?.[key], value)
}
