import { LimitError, spendItems, spendReading, spendText } from './limits.js'

/**
 * A value as Python has it. Integers are numbers, or bigints where a number would round; a {@link Float} is an object, so that
 * 1.0 stays apart from 1. Lists are arrays.
 */
export type Value = null | boolean | number | bigint | string | Value[] | Instance

/** A mistake for which Python raises an exception. */
export class PythonError extends Error {}

/** Something of Python or Jinja that is not done here: no fault of the template's, nor of the conversation's. */
export class Unsupported extends PythonError {}

/** A value that is neither a scalar nor a list. */
export abstract class Instance {
  /** Python's name of its type. */
  abstract readonly type: string
  /** An attribute that belongs to the object itself, such as a method. */
  attribute(_name: string): Value | undefined {
    return undefined
  }
  /** Its items where it can be iterated. */
  items(): readonly Value[] | undefined {
    return undefined
  }
  /** len() of it. */
  size(): number | undefined {
    return undefined
  }
  /** repr() of it. */
  describe(_repr: (value: Value) => string): string {
    return `<${this.type}>`
  }
}

export class Float extends Instance {
  readonly type = 'float'
  constructor(readonly value: number) {
    super()
  }
}

/** What is not there: prints nothing, is false and empty, and fails at anything else. */
export class Undefined extends Instance {
  readonly type = 'Undefined'
  constructor(readonly reason: string) {
    super()
  }
  override items(): readonly Value[] {
    return []
  }
  override size(): number {
    return 0
  }
}

export class Tuple extends Instance {
  readonly type = 'tuple'
  constructor(readonly values: readonly Value[]) {
    super()
  }
  override items(): readonly Value[] {
    return this.values
  }
  override size(): number {
    return this.values.length
  }
}

export class Range extends Instance {
  readonly type = 'range'
  readonly length: number
  constructor(
    readonly start: number,
    readonly stop: number,
    readonly step: number,
  ) {
    super()
    this.length = Math.max(0, Math.ceil((stop - start) / step))
  }
  override items(): readonly Value[] {
    spendItems(this.length)
    return Array.from({ length: this.length }, (_, i) => this.start + i * this.step)
  }
  override size(): number {
    return this.length
  }
}

/** What d.keys(), d.values() or d.items() gives. */
export class View extends Instance {
  constructor(
    readonly type: 'dict_keys' | 'dict_values' | 'dict_items',
    readonly values: readonly Value[],
  ) {
    super()
  }
  override items(): readonly Value[] {
    return this.values
  }
  override size(): number {
    return this.values.length
  }
}

/** What filters such as map and select give: it can be read once, and has no length. */
export class Generator extends Instance {
  readonly type = 'generator'
  private read = false
  constructor(readonly values: readonly Value[]) {
    super()
  }
  override items(): readonly Value[] {
    if (this.read) return []
    this.read = true
    return this.values
  }
}

type Key = string | number | bigint | null

/** A dict: keys in the order in which they came, and 1, 1.0 and True are one key. */
export class Dict extends Instance {
  readonly type = 'dict'
  private readonly map = new Map<Key, { readonly key: Value; value: Value }>()

  static of(entries: Iterable<readonly [Value, Value]>): Dict {
    const dict = new Dict()
    for (const [key, value] of entries) dict.set(key, value)
    return dict
  }
  get(key: Value): Value | undefined {
    return this.map.get(keyOf(key))?.value
  }
  has(key: Value): boolean {
    return this.map.has(keyOf(key))
  }
  set(key: Value, value: Value): void {
    const id = keyOf(key)
    const entry = this.map.get(id)
    if (entry) entry.value = value
    else this.map.set(id, { key, value })
  }
  keys(): Value[] {
    return Array.from(this.map.values(), ({ key }) => key)
  }
  values(): Value[] {
    return Array.from(this.map.values(), ({ value }) => value)
  }
  entries(): [Value, Value][] {
    return Array.from(this.map.values(), ({ key, value }) => [key, value])
  }
  override items(): readonly Value[] {
    return this.keys()
  }
  override size(): number {
    return this.map.size
  }
}

/** Strings are their own keys; what else is no number gets a prefix that tells it from them. */
function keyOf(key: Value): Key {
  if (typeof key === 'string') {
    spendReading(key.length)
    return key.startsWith('\0') ? `\0s${key}` : key
  }
  if (typeof key === 'number' || typeof key === 'bigint' || key === null) return key
  if (typeof key === 'boolean') return Number(key)
  if (key instanceof Float) return key.value
  if (key instanceof Tuple)
    return `\0t${key.values.map((v) => `${typeof keyOf(v)} ${JSON.stringify(String(keyOf(v)))}`).join()}`
  if (key instanceof Undefined) return '\0u'
  if (key instanceof Callable || key instanceof Range) return `\0o${typeName(key)}`
  throw new PythonError(`unhashable type: '${typeName(key)}'`)
}

/** A function or a method. */
export class Callable extends Instance {
  constructor(
    readonly name: string,
    readonly call: (args: Arguments) => Value,
    readonly type = 'builtin_function_or_method',
  ) {
    super()
  }
  override attribute(name: string): Value | undefined {
    return name === 'name' && this.type === 'Macro' ? this.name : undefined
  }
}

/** The arguments of a call. */
export class Arguments {
  constructor(
    readonly positional: readonly Value[] = [],
    readonly named: ReadonlyMap<string, Value> = new Map<string, Value>(),
  ) {}

  /**
   * Values for parameters by place or by name, undefined where none is given.
   * @throws PythonError for too many, for a name that there is not, and when there are fewer than `required`.
   */
  take(callee: string, names: readonly string[], required = 0): (Value | undefined)[] {
    if (this.positional.length > names.length) {
      throw new PythonError(`${callee}() takes at most ${names.length} arguments (${this.positional.length} given)`)
    }
    const values: (Value | undefined)[] = [...this.positional]
    for (const [name, value] of this.named) {
      const at = names.indexOf(name)
      if (at < 0) throw new PythonError(`${callee}() got an unexpected keyword argument '${name}'`)
      if (at < this.positional.length) throw new PythonError(`${callee}() got multiple values for argument '${name}'`)
      values[at] = value
    }
    for (let i = 0; i < required; i++) {
      if (values[i] === undefined) throw new PythonError(`${callee}() missing required argument: '${names[i]}'`)
    }
    return values
  }
}

/** Python's name of a value's type, for messages. */
export function typeName(value: Value): string {
  if (value === null) return 'NoneType'
  if (typeof value === 'string') return 'str'
  if (typeof value === 'boolean') return 'bool'
  if (typeof value === 'number' || typeof value === 'bigint') return 'int'
  return Array.isArray(value) ? 'list' : value.type
}

/** bool() of a value. */
export function isTrue(value: Value): boolean {
  if (typeof value !== 'object' || value === null) return Boolean(value)
  if (Array.isArray(value)) return value.length > 0
  if (value instanceof Float) return value.value !== 0
  if (value instanceof Generator) return true
  const size = value.size()
  return size === undefined || size > 0
}

/** The items of what can be iterated. @throws PythonError for anything else. */
export function iterate(value: Value): readonly Value[] {
  const items = itemsOf(value)
  if (!items) throw new PythonError(`'${typeName(value)}' object is not iterable`)
  spendItems(items.length)
  return items
}

/** The items of what can be iterated, else undefined. Of a string they are its code points. */
export function itemsOf(value: Value): readonly Value[] | undefined {
  if (Array.isArray(value)) return value
  if (typeof value === 'string') {
    spendItems(value.length)
    return Array.from(value)
  }
  return value instanceof Instance ? value.items() : undefined
}

/** len() of a value. @throws PythonError where it has none. */
export function lengthOf(value: Value): number {
  if (typeof value === 'string') return codePointCount(value)
  if (Array.isArray(value)) return value.length
  const size = value instanceof Instance ? value.size() : undefined
  if (size === undefined) throw new PythonError(`object of type '${typeName(value)}' has no len()`)
  return size
}

/** Python counts code points, JavaScript units of UTF-16. */
export function codePointCount(text: string): number {
  if (!hasSurrogates(text)) return text.length
  spendText(text.length)
  let count = text.length
  for (let i = 1; i < text.length; i++) if (isPair(text, i)) count--
  return count
}

/** Whether the unit at a place ends a pair. */
function isPair(text: string, at: number): boolean {
  return (text.charCodeAt(at) & 0xfc00) === 0xdc00 && (text.charCodeAt(at - 1) & 0xfc00) === 0xd800
}

export function hasSurrogates(text: string): boolean {
  spendReading(text.length)
  return /[\ud800-\udfff]/.test(text)
}

/** bool is a kind of int. */
export function isInteger(value: Value): value is number | bigint | boolean {
  return typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean'
}

/** A whole number that is used as an index, a width or a count. @throws PythonError for other types, LimitError for huge ones. */
export function toIndex(value: Value, what = 'an integer'): number {
  if (typeof value === 'number') return value
  if (typeof value === 'boolean') return Number(value)
  if (typeof value === 'bigint') throw new LimitError(`${value} is too large for ${what}`)
  throw new PythonError(`'${typeName(value)}' object cannot be interpreted as ${what}`)
}
