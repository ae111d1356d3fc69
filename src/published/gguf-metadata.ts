import { UserError } from '../errors.js'
import { shortText } from '../json.js'

const VOCABULARY = 'tokenizer.ggml.'

/** Metadata of one file with checked types. Keys are those of its architecture, without that prefix. */
export class GgufMetadata {
  readonly architecture: string

  /** @param where for messages: the file. @throws UserError when the file says no architecture. */
  constructor(
    readonly where: string,
    private readonly values: ReadonlyMap<string, unknown>,
  ) {
    const found = values.get('general.architecture')
    if (typeof found !== 'string') {
      const what = found === undefined ? 'none' : shortText(found)
      throw new UserError(`${where}: expected the metadata key general.architecture, found ${what}.`, 'invalid_file')
    }
    this.architecture = found
  }

  number(key: string): number | undefined {
    const value = this.get(key)
    if (value === undefined) return undefined
    // Some converters write one value per layer; a model of equal layers has one.
    const all: unknown[] = Array.isArray(value) ? value : [value]
    const [first] = all
    if (typeof first === 'number' && Number.isFinite(first) && all.every((item) => item === first))
      return shortest(first)
    throw this.wrong(key, 'a number, the same for all layers', value)
  }

  needed(key: string): number {
    const value = this.number(key)
    if (value !== undefined) return value
    throw this.missing(key)
  }

  /** A length, a count or an id: a whole number, not negative. */
  whole(key: string): number | undefined {
    const value = this.number(key)
    if (value === undefined || (Number.isSafeInteger(value) && value >= 0)) return value
    throw this.wrong(key, 'a whole number', value)
  }

  neededWhole(key: string): number {
    return this.whole(key) ?? this.needed(key)
  }

  string(key: string): string | undefined {
    const value = this.get(key)
    if (value === undefined || typeof value === 'string') return value
    throw this.wrong(key, 'a string', value)
  }

  /** One whole number per layer. */
  wholes(key: string): number[] {
    const value = this.get(key)
    if (value === undefined) throw this.missing(key)
    if (Array.isArray(value) && value.every((item) => Number.isSafeInteger(item))) return value as number[]
    throw this.wrong(key, 'whole numbers, one per layer', value)
  }

  /** One flag per layer, as booleans or as 0 and 1. */
  flags(key: string): boolean[] | undefined {
    const value = this.get(key)
    if (value === undefined) return undefined
    if (Array.isArray(value) && value.every((item) => [true, false, 0, 1].includes(item as number)))
      return value.map(Boolean)
    throw this.wrong(key, 'true or false, one per layer', value)
  }

  boolean(key: string): boolean | undefined {
    const value = this.get(key)
    if (value === undefined || typeof value === 'boolean') return value
    throw this.wrong(key, 'a boolean', value)
  }

  /** An id of the vocabulary: bos, eos, eot, eom. */
  tokenId(which: string): number | undefined {
    return this.whole(`${VOCABULARY}${which}_token_id`)
  }

  /** The error for a value that another arithmetic would belong to. */
  unsupported(key: string, expected: string, found: unknown): UserError {
    return new UserError(
      `${this.where}: metadata ${this.nameOf(key)}: expected ${expected}, found ${String(found)}.`,
      'unsupported_model',
    )
  }

  private get(key: string): unknown {
    return this.values.get(this.nameOf(key))
  }

  private nameOf(key: string): string {
    return key.startsWith(VOCABULARY) ? key : `${this.architecture}.${key}`
  }

  private missing(key: string): UserError {
    return new UserError(
      `${this.where}: expected the metadata key ${this.nameOf(key)}, found none. Convert the model again.`,
      'invalid_file',
    )
  }

  private wrong(key: string, expected: string, found: unknown): UserError {
    const what = Array.isArray(found) ? listText(found) : `${typeof found} ${String(found)}`.slice(0, 80)
    return new UserError(
      `${this.where}: metadata ${this.nameOf(key)}: expected ${expected}, found ${what}.`,
      'invalid_file',
    )
  }
}

/** Arrays may hold bigints, which JSON does not have. */
function listText(all: readonly unknown[]): string {
  const text = all.slice(0, 16).map(String).join(', ')
  return `${all.length} values: ${text.length > 80 || all.length > 16 ? `${text.slice(0, 80)}...` : text}`
}

/** The decimal number that an f32 of the file was written from: 1e-6 instead of 9.999999974752427e-7. */
function shortest(value: number): number {
  const short = Number(value.toPrecision(7))
  return Math.fround(short) === value ? short : value
}
