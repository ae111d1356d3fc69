/** Why a schema has no JSON Schema: the place and the type in it, and what to write. */
import { isJsonObject } from '../../json.js'

const INSTEAD: Readonly<Record<string, string>> = {
  date: 'z.iso.datetime(), or z.codec(z.iso.datetime(), z.date(), ...) for a Date',
  bigint: 'z.codec(z.string().regex(/^-?\\d{1,30}$/), z.bigint(), ...), or z.int()',
  map: 'z.record(), or z.array() of pairs',
  set: 'z.array()',
  undefined: '.optional() on the property',
  void: '.optional() on the property',
  nan: 'z.number().nullable()',
  symbol: 'z.string()',
  file: 'z.string() for its name or its text',
  promise: 'the type in it',
  function: 'z.string()',
  custom: 'a type of JSON with .refine()',
}

/** A path in a schema, and the type there. */
interface Found {
  readonly path: string
  readonly type: string
}

/** What a schema has that JSON has not, in words; undefined where nothing is found, or where the schema is none of zod's. */
export function withoutJson(schema: object): string | undefined {
  const found = isZod(schema) ? firstWithout(schema, '', new Set()) : undefined
  if (!found) return undefined
  const place = found.path === '' ? '' : `${found.path}: `
  const instead = INSTEAD[found.type]
  return `${place}JSON has no ${found.type}${instead === undefined ? '' : `; write ${instead}`}`
}

interface ZodLike {
  readonly _zod: {
    readonly def: Readonly<Record<string, unknown>> & { readonly type: string }
    /** Of a lazy type. */
    readonly innerType?: unknown
  }
}

function isZod(value: unknown): value is ZodLike {
  if (typeof value !== 'object' || value === null || !('_zod' in value)) return false
  const { _zod: inner } = value
  return typeof inner === 'object' && inner !== null && 'def' in inner
}

/** A lazy type may be made again each time that it is asked for. */
const MOST_SCHEMAS = 10_000

function firstWithout(schema: ZodLike, path: string, seen: Set<ZodLike>): Found | undefined {
  if (seen.has(schema) || seen.size > MOST_SCHEMAS) return undefined
  seen.add(schema)
  const { def } = schema._zod
  if (Object.hasOwn(INSTEAD, def.type)) return { path, type: def.type }
  for (const [child, place] of childrenOf(schema, path)) {
    const found = firstWithout(child, place, seen)
    if (found) return found
  }
  return undefined
}

/** Schemas inside of a schema, with their paths. Of a pipe only its input is written. */
function childrenOf({ _zod: { def, innerType } }: ZodLike, path: string): [ZodLike, string][] {
  const found: [unknown, string][] = [[def.type === 'lazy' ? innerType : undefined, path]]
  if (isJsonObject(def['shape']))
    for (const [name, child] of Object.entries(def['shape']))
      found.push([child, path === '' ? name : `${path}.${name}`])
  for (const name of ['element', 'valueType']) found.push([def[name], `${path}[]`])
  for (const name of ['items', 'options']) {
    const list: unknown = def[name]
    if (Array.isArray(list))
      list.forEach((child: unknown, i) => found.push([child, name === 'items' ? `${path}[${i}]` : path]))
  }
  for (const name of ['innerType', 'left', 'right', 'catchall', 'in', 'keyType', 'rest']) found.push([def[name], path])
  return found.filter((pair): pair is [ZodLike, string] => isZod(pair[0]))
}
