import { isJsonObject, shortText, type JsonObject } from '../../json.js'
import { expression, literalExpression, type Expression, type Origin } from '../expressions/expression.js'
import { invalid, unread } from '../invalid.js'

/** Published files nest two or three. */
const DEEPEST = 16

/** A part of tokenizer.json (a normalizer, a pre-tokenizer, ...) with checked keys. */
export class Part {
  readonly type: string

  private constructor(
    private readonly value: JsonObject,
    /** For messages: the file. */
    private readonly where: string,
    /** For messages: the place in the file. */
    private readonly path: string,
    private readonly depth: number,
    private readonly origin: Origin,
  ) {
    this.type = this.string('type')
  }

  /** Undefined for null or nothing. @throws UserError for what is no object with a type. */
  static of(value: unknown, where: string, path: string, origin: Origin, depth = 0): Part | undefined {
    if (value === undefined || value === null) return undefined
    if (!isJsonObject(value)) throw invalid(where, `${path}: expected an object with a type, found ${shortText(value)}`)
    if (depth > DEEPEST) throw invalid(where, `${path}: expected at most ${DEEPEST} levels`)
    return new Part(value, where, path, depth, origin)
  }

  string(key: string, otherwise?: string): string {
    return this.as(key, otherwise, (v) => typeof v === 'string', 'a text')
  }

  boolean(key: string, otherwise?: boolean): boolean {
    return this.as(key, otherwise, (v) => typeof v === 'boolean', 'true or false')
  }

  whole(key: string, least: number): number {
    return this.as<number>(
      key,
      undefined,
      (v) => Number.isSafeInteger(v) && Number(v) >= least,
      `a number from ${least}`,
    )
  }

  object(key: string): JsonObject {
    return this.as<JsonObject>(key, undefined, isJsonObject, 'an object')
  }

  list(key: string): unknown[] {
    return this.as<unknown[]>(key, undefined, Array.isArray, 'a list')
  }

  /** The parts of a sequence. */
  parts(key: string): Part[] {
    return this.list(key).map((value, i) => {
      const path = `${this.path}.${key}[${i}]`
      const part = Part.of(value, this.where, path, this.origin, this.depth + 1)
      return part ?? this.refuse(`${key}[${i}]`, 'an object with a type', value)
    })
  }

  oneOf<T extends string>(key: string, names: readonly T[], otherwise?: T): T {
    return this.as(key, otherwise, (v) => names.includes(v as T), names.join(', '))
  }

  /** {"String": text} or {"Regex": expression}. */
  pattern(key: string): Expression {
    const { String: text, Regex: source } = this.object(key)
    if (typeof text === 'string') return literalExpression(text)
    if (typeof source !== 'string') return this.refuse(key, '{"String": ...} or {"Regex": ...}', this.value[key])
    try {
      return expression(source, this.origin)
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error
      throw unread(
        this.where,
        `${this.path}.${key}: the expression ${shortText(source)} cannot be read: ${error.message}`,
      )
    }
  }

  refuse(key: string, expected: string, found: unknown): never {
    throw invalid(this.where, this.fault(key, expected, found))
  }

  /** What may be right, and is not read. */
  unread(key: string, expected: string, found: unknown): never {
    throw unread(this.where, this.fault(key, expected, found))
  }

  /** Of a type that is not read. */
  unknown(known: readonly string[]): never {
    return this.unread('type', known.join(', '), this.type)
  }

  private fault(key: string, expected: string, found: unknown): string {
    return `${this.path}.${key}: expected ${expected}, found ${found === undefined ? 'none' : shortText(found)}`
  }

  private as<T>(key: string, otherwise: T | undefined, fits: (value: unknown) => boolean, expected: string): T {
    const value = this.value[key] ?? otherwise
    return fits(value) ? (value as T) : this.refuse(key, expected, value)
  }
}
