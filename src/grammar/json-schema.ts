/**
 * JSON Schema (draft 2020-12) to EBNF. What the grammar matches always validates; it need not match everything that
 * validates: properties come in the order in which the schema names them, and only those. A keyword that restricts and is
 * not known is refused with its place, never ignored. https://json-schema.org/draft/2020-12/json-schema-validation
 */
import { isJsonObject, type JsonObject } from '../json.js'
import { Rules, invalidGrammar, literal, oneOf, repeated } from './ebnf.js'
import { disjoint, mergeSchemas } from './merge-schemas.js'
import { integers, numbers } from './numbers.js'
import { anyChar, regexToEbnf } from './regex.js'
import { TYPES, isOfType, type JsonSchema, type SchemaObject, type TypeName } from './schema-types.js'

/** Keywords that restrict and are not known here. */
const REFUSED = [
  ...['not', 'if', 'then', 'else', 'dependentSchemas', 'dependentRequired', 'dependencies', 'propertyNames'],
  ...['unevaluatedProperties', 'unevaluatedItems', 'contains', 'minContains', 'maxContains'],
  ...['$dynamicRef', '$recursiveRef', 'additionalItems'],
]
/** Which type a keyword is about, where `type` is not given. */
const IMPLIES: Readonly<Record<string, TypeName>> = {
  ...{ properties: 'object', required: 'object', additionalProperties: 'object', patternProperties: 'object' },
  ...{ minProperties: 'object', maxProperties: 'object', items: 'array', prefixItems: 'array', minItems: 'array' },
  ...{ maxItems: 'array', uniqueItems: 'array', minLength: 'string', maxLength: 'string', pattern: 'string' },
  ...{ minimum: 'number', maximum: 'number', exclusiveMinimum: 'number', exclusiveMaximum: 'number' },
  multipleOf: 'number',
}
/**
 * Between tokens of JSON: nothing, a space, or a new line with its indent. Written out at each place: with one rule for all,
 * which may be empty, xgrammar 0.1.27 takes up one place's rest at another.
 */
const WS = '(" " | "\\n" [ \\t]*)?'
const MAX_DEPTH = 64
const MAX_COUNT = 100_000

/** A grammar's text whose root is any text that `schema` allows. @throws UserError invalid_grammar. */
export function jsonSchemaToEbnf(schema: unknown): string {
  const rules = new Rules()
  return rules.text(addJsonSchema(schema, rules))
}

/** Adds the rules of `schema` and returns the expression. */
export function addJsonSchema(schema: unknown, rules: Rules): string {
  return new SchemaConverter(schema, rules).convert(schema, '#', 0)
}

class SchemaConverter {
  private readonly references = new Map<string, string>()
  private anything: string | undefined

  constructor(
    private readonly root: unknown,
    private readonly rules: Rules,
  ) {}

  convert(schema: unknown, path: string, depth: number): string {
    if (depth > MAX_DEPTH) throw invalidGrammar(`${path}: schemas are nested more than ${MAX_DEPTH} deep`)
    if (schema === true) return this.anyValue()
    if (schema === false) throw invalidGrammar(`${path}: the schema false allows nothing`)
    if (typeof schema !== 'object' || schema === null || Array.isArray(schema))
      throw invalidGrammar(`${path}: expected an object, true or false, found ${JSON.stringify(schema)?.slice(0, 40)}`)
    const s = schema as SchemaObject
    const meta = s['$schema']
    if (meta !== undefined && !(typeof meta === 'string' && /^https?:\/\/json-schema\.org\/draft/.test(meta)))
      throw invalidGrammar(`${path}/$schema: expected a draft of json-schema.org, found ${JSON.stringify(meta)}`)
    for (const keyword of REFUSED)
      if (s[keyword] !== undefined) throw invalidGrammar(`${path}/${keyword}: this keyword is not supported`)
    if (s['$ref'] !== undefined) return this.reference(s, path, depth)
    for (const combine of ['allOf', 'anyOf', 'oneOf'] as const)
      if (s[combine] !== undefined) return this.combined(combine, s, path, depth)
    if ('const' in s || 'enum' in s) return this.values(s, path)
    const types = this.typesOf(s, path)
    if (types.length === TYPES.length) return this.anyValue()
    return oneOf(types.map((type) => this.typed(type, s, path, depth)))
  }

  private typesOf(s: SchemaObject, path: string): readonly TypeName[] {
    if (s['type'] === undefined) {
      const implied = [...new Set(Object.keys(s).flatMap((keyword) => IMPLIES[keyword] ?? []))]
      return implied.length > 0 ? implied : TYPES
    }
    const types = Array.isArray(s['type']) ? (s['type'] as unknown[]) : [s['type']]
    const known = types.filter((type): type is TypeName => TYPES.includes(type as TypeName))
    if (known.length === 0 || known.length < types.length)
      throw invalidGrammar(`${path}/type: expected ${TYPES.join(', ')}, found ${JSON.stringify(s['type'])}`)
    return known.filter((type) => type !== 'integer' || !known.includes('number'))
  }

  private typed(type: TypeName, s: SchemaObject, path: string, depth: number): string {
    switch (type) {
      case 'null':
        return '"null"'
      case 'boolean':
        return '("true" | "false")'
      case 'integer':
      case 'number':
        return this.rules.add(type, this.number(type, s, path))
      case 'string':
        return this.rules.add('string', this.string(s, path))
      case 'array':
        return this.array(s, path, depth)
      case 'object':
        return this.object(s, path, depth)
    }
  }

  private number(type: 'number' | 'integer', s: SchemaObject, path: string): string {
    const step = s['multipleOf']
    if (step !== undefined && !(type === 'integer' && step === 1))
      throw invalidGrammar(`${path}/multipleOf: this keyword is not supported`)
    const bound = (keyword: string, otherwise: number): number => {
      const value = s[keyword] ?? otherwise
      if (typeof value !== 'number' || Number.isNaN(value))
        throw invalidGrammar(`${path}/${keyword}: expected a number, found ${JSON.stringify(value)}`)
      return value
    }
    // The nearest number inside of an excluded bound: a whole one, or one that six decimals can tell apart.
    const inside = type === 'integer' ? 1 : 1e-6
    const after = bound('exclusiveMinimum', -Infinity)
    const before = bound('exclusiveMaximum', Infinity)
    const minimum = Math.max(
      bound('minimum', -Infinity),
      type === 'integer' && Number.isFinite(after) ? Math.floor(after) + 1 : after + inside,
    )
    const maximum = Math.min(
      bound('maximum', Infinity),
      type === 'integer' && Number.isFinite(before) ? Math.ceil(before) - 1 : before - inside,
    )
    return type === 'integer' ? integers({ minimum, maximum }) : numbers({ minimum, maximum })
  }

  private string(s: SchemaObject, path: string): string {
    const [least, most] = [this.count(s, 'minLength', 0, path), this.count(s, 'maxLength', Infinity, path)]
    const limited = least > 0 || most < Infinity
    const pattern = s['pattern']
    const format = typeof s['format'] === 'string' ? FORMATS[s['format']] : undefined
    if (pattern !== undefined || format !== undefined) {
      if (limited || (pattern !== undefined && format !== undefined))
        throw invalidGrammar(`${path}: of pattern, format and a length only one is supported at a time`)
      if (pattern !== undefined && typeof pattern !== 'string')
        throw invalidGrammar(`${path}/pattern: expected a string, found ${JSON.stringify(pattern)}`)
      return `"\\"" ${regexToEbnf(pattern ?? format!, 'json', format !== undefined)} "\\""`
    }
    if (limited) return `"\\"" ${repeated(anyChar('json'), least, this.rising(least, most, path))} "\\""`
    return `"\\"" ${repeated(this.stringChar(), 0, Infinity)} "\\""`
  }

  /** A character, or the four digits of one; a pair of surrogates would count as two, so lengths do without. */
  private stringChar(): string {
    return oneOf([anyChar('json'), '"\\\\u" [0-9a-cA-CefEF] [0-9a-fA-F]{3}', '"\\\\/"'])
  }

  private array(s: SchemaObject, path: string, depth: number): string {
    const [least, most] = [this.count(s, 'minItems', 0, path), this.count(s, 'maxItems', Infinity, path)]
    this.rising(least, most, path)
    if (s['uniqueItems'] === true && most > 1)
      throw invalidGrammar(`${path}/uniqueItems: this keyword is not supported`)
    const prefix = (s['prefixItems'] ?? []) as unknown[]
    if (!Array.isArray(prefix)) throw invalidGrammar(`${path}/prefixItems: expected an array of schemas`)
    const closed = s['items'] === false || most <= prefix.length
    if (closed && least > prefix.length) throw invalidGrammar(`${path}/minItems: more than prefixItems has`)
    const size = Math.min(prefix.length, most)
    // From the end: what may stand at place i, first or behind others.
    const item = closed ? undefined : this.convert(s['items'] ?? true, `${path}/items`, depth + 1)
    const more = item === undefined ? '""' : repeated(`"," ${WS} ${item}`, Math.max(0, least - size), most - size)
    let behind = more
    for (let i = size - 1; i >= 1; i--) {
      const own = `"," ${WS} ${this.convert(prefix[i], `${path}/prefixItems/${i}`, depth + 1)} ${behind}`
      behind = this.rules.add('items', i < least ? own : `(${own})?`)
    }
    const first = size > 0 ? this.convert(prefix[0], `${path}/prefixItems/0`, depth + 1) : item
    if (first === undefined) return `"[" ${WS} "]"`
    const rest = size > 0 ? behind : repeated(`"," ${WS} ${first}`, Math.max(0, least - 1), most - 1)
    const filled = `"[" ${WS} ${first} ${rest} ${WS} "]"`
    return this.rules.add('array', most === 0 ? `"[" ${WS} "]"` : least > 0 ? filled : `${filled} | "[" ${WS} "]"`)
  }

  private object(s: SchemaObject, path: string, depth: number): string {
    const declared = this.record(s['properties'], `${path}/properties`)
    const required = (s['required'] ?? []) as unknown[]
    if (!Array.isArray(required) || required.some((name) => typeof name !== 'string'))
      throw invalidGrammar(`${path}/required: expected an array of names`)
    const others = s['additionalProperties'] ?? true
    this.checkPatterns(s, [...Object.keys(declared), ...(required as string[])], path)
    const names = [...new Set([...Object.keys(declared), ...(required as string[])])].filter(
      (name) => declared[name] !== false || required.includes(name),
    )
    if (names.length === 0 && others !== false) return this.freeObject(s, others, path, depth)
    const [least, most] = [this.count(s, 'minProperties', 0, path), this.count(s, 'maxProperties', Infinity, path)]
    // Fewer or more than the grammar would count: then only what is required, or all of it, is allowed.
    const all = least > required.length
    const kept = names.length > most || all ? names.filter((name) => all || required.includes(name)) : names
    if (kept.length < least || kept.length > most)
      throw invalidGrammar(`${path}: minProperties and maxProperties do not go with properties and required`)
    let first = '""'
    let behind = '""'
    for (const name of [...kept].reverse()) {
      const where = `${path}/properties/${name}`
      const value = this.convert(Object.hasOwn(declared, name) ? declared[name] : others, where, depth + 1)
      const pair = `${literal(JSON.stringify(name))} ":" ${WS} ${value}`
      const must = all || required.includes(name)
      ;[first, behind] = [
        this.rules.add('first', must ? `${pair} ${behind}` : `${pair} ${behind} | ${first}`),
        this.rules.add('more', must ? `"," ${WS} ${pair} ${behind}` : `("," ${WS} ${pair})? ${behind}`),
      ]
    }
    return `"{" ${WS} ${first} ${WS} "}"`
  }

  /** Any names, with values of one schema. */
  private freeObject(s: SchemaObject, others: unknown, path: string, depth: number): string {
    const least = this.count(s, 'minProperties', 0, path)
    const most = this.count(s, 'maxProperties', Infinity, path)
    // Names may be repeated, so that two pairs need not be two properties.
    if (least > 1) throw invalidGrammar(`${path}/minProperties: more than 1 without named properties is not supported`)
    this.rising(least, most, path)
    if (Object.keys(this.record(s['patternProperties'], path)).length > 0)
      throw invalidGrammar(`${path}/patternProperties: this keyword is not supported without properties`)
    const value = this.convert(others, `${path}/additionalProperties`, depth + 1)
    const pair = `"\\"" ${repeated(anyChar('json'), 0, Infinity)} "\\":" ${WS} ${value}`
    const filled = `"{" ${WS} ${pair} ${repeated(`"," ${WS} ${pair}`, 0, most - 1)} ${WS} "}"`
    return this.rules.add('object', most === 0 ? `"{" ${WS} "}"` : least > 0 ? filled : `${filled} | "{" ${WS} "}"`)
  }

  /** patternProperties may only be about names that the grammar does not write. */
  private checkPatterns(s: SchemaObject, names: readonly string[], path: string): void {
    for (const pattern of Object.keys(this.record(s['patternProperties'], `${path}/patternProperties`))) {
      const matched = names.find((name) => new RegExp(pattern, 'u').test(name))
      if (matched === undefined) continue
      throw invalidGrammar(`${path}/patternProperties/${pattern}: it is also about the property ${matched}`)
    }
  }

  /** const and enum: those of the values that the type allows. */
  private values(s: SchemaObject, path: string): string {
    const values = 'const' in s ? [s['const']] : s['enum']
    if (!Array.isArray(values)) throw invalidGrammar(`${path}/enum: expected an array`)
    const others = Object.keys(s).filter((keyword) => keyword in IMPLIES)
    if (others.length > 0) throw invalidGrammar(`${path}: ${others.join(', ')} beside fixed values is not supported`)
    const types = s['type'] === undefined ? TYPES : this.typesOf(s, path)
    const allowed = values.filter((value) => types.some((type) => isOfType(value, type)))
    const both = 'const' in s && Array.isArray(s['enum']) ? s['enum'].map((v) => JSON.stringify(v)) : undefined
    const texts = allowed.map((value) => JSON.stringify(value)).filter((text) => both?.includes(text) ?? true)
    if (texts.length === 0) throw invalidGrammar(`${path}: no value is allowed`)
    return this.rules.add('value', texts.map(literal).join(' | '))
  }

  private combined(keyword: 'allOf' | 'anyOf' | 'oneOf', s: SchemaObject, path: string, depth: number): string {
    const { [keyword]: list, ...own } = s
    if (!Array.isArray(list) || list.length === 0)
      throw invalidGrammar(`${path}/${keyword}: expected an array of schemas`)
    const resolved = (list as unknown[]).map((part, i) => this.resolve(part, `${path}/${keyword}/${i}`))
    if (keyword === 'allOf') return this.convert(mergeSchemas([own, ...resolved], path), path, depth + 1)
    if (keyword === 'oneOf' && !disjoint(resolved))
      throw invalidGrammar(`${path}/oneOf: the schemas must exclude each other by type or by a fixed value; use anyOf`)
    const plain = Object.keys(own).every((key) => !(key in IMPLIES) && !['type', 'const', 'enum', '$ref'].includes(key))
    const possible = resolved.filter((part) => part !== false)
    if (possible.length === 0) throw invalidGrammar(`${path}/${keyword}: no schema of it allows anything`)
    return oneOf(
      possible.map((part, i) => {
        const whole = plain ? (list[resolved.indexOf(part)] as unknown) : mergeSchemas([own, part], path)
        return this.convert(whole, `${path}/${keyword}/${i}`, depth + 1)
      }),
    )
  }

  /** A schema without a reference at its top, for comparing and merging. */
  private resolve(schema: unknown, path: string): JsonSchema {
    const seen = new Set<string>()
    let current = schema
    for (;;) {
      if (typeof current === 'boolean') return current
      if (typeof current !== 'object' || current === null) throw invalidGrammar(`${path}: expected a schema`)
      const { $ref: target, ...own } = current as { $ref?: unknown }
      if (target === undefined) return current as SchemaObject
      if (typeof target !== 'string' || seen.has(target)) throw invalidGrammar(`${path}: the reference leads to itself`)
      seen.add(target)
      current = mergeSchemas([own, this.lookUp(target, path)], path)
    }
  }

  private reference(s: SchemaObject, path: string, depth: number): string {
    const { $ref: target, ...own } = s
    if (typeof target !== 'string') throw invalidGrammar(`${path}/$ref: expected a string`)
    const restricts = Object.keys(own).some(
      (key) => key in IMPLIES || ['type', 'const', 'enum', 'allOf', 'anyOf', 'oneOf', 'format'].includes(key),
    )
    if (restricts) return this.convert(this.resolve(s, path), path, depth + 1)
    const known = this.references.get(target)
    if (known !== undefined) return known
    const name = this.rules.reserve('ref')
    this.references.set(target, name)
    this.rules.set(name, this.convert(this.lookUp(target, path), target, depth + 1))
    return name
  }

  /** The schema at a pointer (RFC 6901) into the root. */
  private lookUp(target: string, path: string): JsonSchema {
    if (target !== '#' && !target.startsWith('#/'))
      throw invalidGrammar(`${path}/$ref: expected a reference into the schema (#/...), found ${target.slice(0, 80)}`)
    let current: unknown = this.root
    for (const part of target.split('/').slice(1)) {
      const key = decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~')
      const inside = typeof current === 'object' && current !== null && Object.hasOwn(current, key)
      if (!inside) throw invalidGrammar(`${path}/$ref: ${target.slice(0, 80)} is not in the schema`)
      current = (current as Record<string, unknown>)[key]
      if (typeof current === 'object' && current !== null && ('$id' in current || '$anchor' in current))
        throw invalidGrammar(`${path}/$ref: a reference through a schema with an $id or $anchor is not supported`)
    }
    return current as JsonSchema
  }

  private anyValue(): string {
    if (this.anything !== undefined) return this.anything
    const name = this.rules.reserve('json')
    this.anything = name
    const string = this.rules.add('string', `"\\"" ${repeated(this.stringChar(), 0, Infinity)} "\\""`)
    const number = this.rules.add('number', numbers({ minimum: -Infinity, maximum: Infinity }))
    const array = this.rules.add('array', `"[" ${WS} "]" | "[" ${WS} ${name} ("," ${WS} ${name})* ${WS} "]"`)
    const pair = `${string} ":" ${WS} ${name}`
    const object = this.rules.add('object', `"{" ${WS} "}" | "{" ${WS} ${pair} ("," ${WS} ${pair})* ${WS} "}"`)
    this.rules.set(name, [object, array, string, number, '"true"', '"false"', '"null"'].join(' | '))
    return name
  }

  private record(value: unknown, path: string): JsonObject {
    if (value === undefined) return {}
    if (isJsonObject(value)) return value
    throw invalidGrammar(`${path}: expected an object, found ${JSON.stringify(value)?.slice(0, 40)}`)
  }

  private count(s: SchemaObject, keyword: string, otherwise: number, path: string): number {
    const value = s[keyword]
    if (value === undefined) return otherwise
    if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= MAX_COUNT) return value
    throw invalidGrammar(
      `${path}/${keyword}: expected a whole number up to ${MAX_COUNT}, found ${JSON.stringify(value)}`,
    )
  }

  private rising(least: number, most: number, path: string): number {
    if (least > most)
      throw invalidGrammar(`${path}: a least count of ${least} and a most of ${most} exclude each other`)
    return most
  }
}

const OCTET = '(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])'
const DATE =
  '[0-9]{4}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))'
const TIME = '([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,9})?(Z|[+\\-]([01][0-9]|2[0-3]):[0-5][0-9])'
const LABEL = '[a-z0-9]([a-z0-9\\-]{0,30}[a-z0-9])?'
/** Its last label is no number, which would make it a broken address. */
const DOMAIN = `${LABEL}(\\.${LABEL}){0,2}\\.[a-z]{2,10}`
/** Formats that are worth enforcing; the others are annotations, as the specification allows. RFC 3339, 4122, 5321, 3986. */
const FORMATS: Readonly<Record<string, string | undefined>> = {
  date: DATE,
  time: TIME,
  'date-time': `${DATE}T${TIME}`,
  uuid: '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}',
  ipv4: `${OCTET}(\\.${OCTET}){3}`,
  hostname: `${LABEL}(\\.${LABEL}){0,4}`,
  email: `[A-Za-z0-9_+\\-]{1,30}(\\.[A-Za-z0-9_+\\-]{1,16}){0,2}@${DOMAIN}`,
  uri: `https?://${DOMAIN}(:[1-9][0-9]{1,3})?(/[A-Za-z0-9_.~\\-]{0,40}){0,10}`,
}
