/** The rotary part of a config: two published styles, read as one and checked. */
import { UserError } from '../../errors.js'
import { shortText } from '../../json.js'

type Entries = Readonly<Record<string, unknown>>

/** The rotary part of a config, in either published style. */
export interface RopeConfig {
  readonly rope_theta?: number | undefined
  readonly rope_scaling?: Entries | null | undefined
  readonly rope_parameters?: Entries | null | undefined
  readonly max_position_embeddings: number
}

export interface RopeParameters {
  readonly theta: number
  readonly type: string
  readonly truncate: boolean
  /** Undefined where the config does not say. */
  readonly get: (key: RopeNumber) => number | undefined
  readonly need: (key: RopeNumber) => number
}

/** Numbers of the scaling rules with the least that each may be, itself excluded where it is `above`. */
const NUMBERS = {
  rope_theta: { above: 0 },
  factor: { above: 0 },
  original_max_position_embeddings: { above: 0 },
  low_freq_factor: { above: 0 },
  high_freq_factor: { above: 0 },
  beta_fast: { above: 0 },
  beta_slow: { above: 0 },
  attention_factor: { above: 0 },
  mscale: { least: 0 },
  mscale_all_dim: { least: 0 },
} as const
type RopeNumber = keyof typeof NUMBERS

/** The class's default in transformers. */
const DEFAULT_THETA = 10000

/** {rope_theta, rope_scaling: {type | rope_type, ...}} or {rope_parameters: {rope_theta, rope_type, ...}}. @throws UserError. */
export function ropeParameters(config: RopeConfig): RopeParameters {
  const entries = oneOf(config)
  for (const [key, value] of Object.entries(entries))
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      refuse(key, 'one rule for all layers', value)
  const get = (key: RopeNumber): number | undefined => numberOf(entries, key)
  const type = typeOf(entries)
  return {
    theta: get('rope_theta') ?? config.rope_theta ?? DEFAULT_THETA,
    type,
    truncate: truncateOf(entries),
    get,
    need: (key) => get(key) ?? missing(type, key),
  }
}

/**
 * As transformers reads a config that has both (people add rope_scaling to one with rope_parameters): rope_scaling counts alone.
 * Where that would silently lose a number that only rope_parameters has, the pair is refused.
 */
function oneOf(config: RopeConfig): Entries {
  const { rope_scaling: scaling, rope_parameters: parameters } = config
  if (!scaling || Object.keys(scaling).length === 0) return parameters ?? {}
  if (!parameters) return scaling
  const lost = Object.keys(parameters).filter((key) => !(key in scaling) && !isOfRule(key))
  const theta = numberOf(parameters, 'rope_theta') ?? DEFAULT_THETA
  if (theta !== (numberOf(scaling, 'rope_theta') ?? config.rope_theta ?? DEFAULT_THETA)) lost.push('rope_theta')
  if (lost.length === 0) return scaling
  throw new UserError(
    `rope_scaling next to rope_parameters: expected it to have ${lost.join(' and ')} too, found only in rope_parameters. ` +
      'Put all into one of the two.',
    'unsupported_model',
  )
}

/** Belongs to a rule of scaling, which another rule replaces as a whole. */
function isOfRule(key: string): boolean {
  return ['rope_type', 'type', 'truncate'].includes(key) || Object.hasOwn(NUMBERS, key)
}

function numberOf(entries: Entries, key: RopeNumber): number | undefined {
  const value = entries[key]
  if (value === undefined || value === null) return undefined
  const bound = NUMBERS[key]
  const fits = (n: number): boolean => ('above' in bound ? n > bound.above : n >= bound.least)
  if (typeof value === 'number' && Number.isFinite(value) && fits(value)) return value
  return refuse(key, 'above' in bound ? `a number above ${bound.above}` : `a number from ${bound.least}`, value)
}

/** Without a type, numbers of a rule would be ignored in silence. */
function typeOf(entries: Entries): string {
  const type = entries['rope_type'] ?? entries['type']
  if (typeof type === 'string') return type
  const numbers = Object.keys(entries).filter((key) => key !== 'rope_theta' && Object.hasOwn(NUMBERS, key))
  const known = numbers.filter((key) => (entries[key] ?? null) !== null)
  if ((type ?? null) === null && known.length === 0) return 'default'
  return refuse('type', known.length > 0 ? `the name of the rule that ${known[0]} belongs to` : 'a string', type)
}

function truncateOf(entries: Entries): boolean {
  const truncate = entries['truncate'] ?? true
  return typeof truncate === 'boolean' ? truncate : refuse('truncate', 'true or false', truncate)
}

function missing(type: string, key: string): never {
  throw new UserError(`rope scaling ${type}: expected the key ${key}, found none`, 'unsupported_model')
}

function refuse(key: string, expected: string, found: unknown): never {
  const what = found === undefined ? 'none' : shortText(found)
  throw new UserError(`rope ${key}: expected ${expected}, found ${what}`, 'unsupported_model')
}
