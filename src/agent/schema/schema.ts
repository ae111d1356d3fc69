/**
 * What values look like: a Standard Schema (zod, arktype, valibot) or JSON Schema. No schema library is needed here: a Standard
 * Schema validates by itself, and says itself what its JSON looks like. https://standardschema.dev
 */
import { UserError } from '../../errors.js'
import { schemaChecker } from '../../grammar/json/check.js'
import { isJsonObject } from '../../json.js'
import { LIBRARY_OPTIONS, unsaid } from './libraries.js'
import { withoutJson } from './refusal.js'

/** What is wrong with a value, and where in it. */
export interface Issue {
  readonly message: string
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
}

/** A schema of the interface that libraries share; it has to say its JSON Schema too. */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => Validated<Output> | Promise<Validated<Output>>
    readonly types?: { readonly input: Input; readonly output: Output } | undefined
    /** Of zod 4.2, arktype 2.1.28 and what valibot's toStandardJsonSchema gives; of the input, which is what a model writes. */
    readonly jsonSchema?: { readonly input: (options: JsonSchemaOptions) => Record<string, unknown> } | undefined
  }
}

interface JsonSchemaOptions {
  readonly target: 'draft-2020-12'
  /** What only that library knows. */
  readonly libraryOptions?: Record<string, unknown> | undefined
}

type Validated<Output> = { readonly value: Output; readonly issues?: undefined } | { readonly issues: readonly Issue[] }

declare const TYPE: unique symbol

/** A JSON Schema, with the type of its values where {@link jsonSchema} gave it one. */
export interface JsonSchema<T = unknown> {
  readonly [keyword: string]: unknown
  /** Never there: only the compiler knows it. */
  readonly [TYPE]?: T
}

export type Schema = StandardSchema | JsonSchema

/** What a schema makes of a value that fits. */
export type Output<S extends Schema> = S extends {
  readonly '~standard': { readonly types?: { readonly output: infer O } | undefined }
}
  ? O
  : S extends JsonSchema<infer T>
    ? T
    : unknown

/**
 * Gives a JSON Schema the type of its values.
 * @example
 * const city = jsonSchema<{ name: string }>({ type: 'object', properties: { name: { type: 'string' } }, required: ['name'] })
 * const { result } = object(engine, city, 'Name a city', { maxTokens: 64 })
 * console.log(typeof (await result).object.name) // string
 */
export function jsonSchema<T>(schema: Readonly<Record<string, unknown>>): JsonSchema<T> {
  return schema
}

export function isStandard(schema: Schema): schema is StandardSchema {
  return '~standard' in schema
}

/**
 * The JSON Schema of what a model has to write.
 * @param what it is for, in an error's message
 * @throws UserError invalid_argument where there is none, with the place and the type in it
 */
export function jsonSchemaOf(schema: Schema, what: string): Record<string, unknown> {
  if ((typeof schema !== 'object' && typeof schema !== 'function') || schema === null)
    throw new UserError(
      `${what}: expected a Standard Schema or a JSON Schema; found ${typeof schema}`,
      'invalid_argument',
    )
  if (!isStandard(schema)) return schema
  const { vendor, jsonSchema: converter } = schema['~standard']
  if (!converter)
    throw new UserError(
      `${what}: this schema of ${vendor} does not say its JSON Schema; ${remedyFor(vendor)}`,
      'invalid_argument',
    )
  const without = withoutJson(schema)
  if (without !== undefined) throw new UserError(`${what}: ${without}`, 'invalid_argument')
  const json = converted(converter.input, vendor, what)
  const missing = unsaid(json)
  if (missing !== undefined) throw new UserError(`${what}: ${missing}`, 'invalid_argument')
  return Object.fromEntries(Object.entries(json).filter(([keyword]) => keyword !== '$schema'))
}

function converted(
  input: (options: JsonSchemaOptions) => Record<string, unknown>,
  vendor: string,
  what: string,
): Record<string, unknown> {
  try {
    const libraryOptions = LIBRARY_OPTIONS[vendor]
    return input({ target: 'draft-2020-12', ...(libraryOptions && { libraryOptions }) })
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new UserError(`${what}: ${why}`, 'invalid_argument', { cause })
  }
}

function remedyFor(vendor: string): string {
  if (vendor === 'valibot') return 'wrap it in toStandardJsonSchema of @valibot/to-json-schema'
  return `take a newer ${vendor}, or give a JSON Schema by jsonSchema()`
}

/**
 * Checks a value, and gives what the schema makes of it.
 * @returns the value, or what is wrong with it; what cannot be checked passes
 */
export async function validated<S extends Schema>(schema: S, value: unknown): Promise<Validated<Output<S>>> {
  if (isStandard(schema)) return (await schema['~standard'].validate(value)) as Validated<Output<S>>
  const issues = await checkJson(schema, value)
  return issues.length > 0 ? { issues } : { value: value as Output<S> }
}

const checkers = new WeakMap<object, Promise<(value: unknown) => Issue[]>>()

async function checkJson(schema: JsonSchema, value: unknown): Promise<Issue[]> {
  let checker = checkers.get(schema)
  if (!checker) checkers.set(schema, (checker = schemaChecker(schema).catch(() => () => [])))
  return (await checker)(value)
}

/** Issues in words for a model: `city: too short; days[0]: expected a number`. */
export function issuesText(issues: readonly Issue[]): string {
  return issues
    .map(({ path = [], message }) => (path.length > 0 ? `${pathText(path)}: ${message}` : message))
    .join('; ')
}

function pathText(path: NonNullable<Issue['path']>): string {
  return path
    .map((part) => (typeof part === 'object' ? part.key : part))
    .reduce<string>((text, key) => {
      if (typeof key === 'number') return `${text}[${key}]`
      return text === '' ? String(key) : `${text}.${String(key)}`
    }, '')
}

/** The value of JSON text, or undefined where it is none. */
export function parsedJson(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) as unknown }
  } catch {
    return undefined
  }
}

/** Arguments of a call: JSON of an object. */
export function parsedArguments(text: string): { readonly value: unknown } | undefined {
  const parsed = text.trim() === '' ? { value: {} } : parsedJson(text)
  return parsed && isJsonObject(parsed.value) ? parsed : undefined
}
