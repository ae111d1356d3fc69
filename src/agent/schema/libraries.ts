/**
 * What libraries are told when they write their JSON Schema, so that what JSON has not is found with its place, and what only checks
 * a value is left to the check after. zod is read before (refusal.ts).
 */
import { isJsonObject } from '../../json.js'

/** Stands in a JSON Schema where a type has none: why. */
const WITHOUT = '~without'

interface ValibotPlace {
  readonly jsonSchema: object
  readonly errors?: readonly string[] | undefined
}

interface ArkPlace {
  readonly base: object
  readonly domain?: unknown
  readonly proto?: { readonly name: string }
  readonly unit?: unknown
}

const kept = ({ base }: ArkPlace): object => base
const unknownType = (type: string): object => ({ [WITHOUT]: `JSON has no ${type}` })

/** By the name of the library. https://standardschema.dev/json-schema */
export const LIBRARY_OPTIONS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  valibot: {
    overrideAction: ({ jsonSchema }: ValibotPlace) => jsonSchema,
    overrideSchema: ({ errors }: ValibotPlace) => (errors?.[0] === undefined ? undefined : { [WITHOUT]: errors[0] }),
  },
  arktype: {
    fallback: {
      arrayObject: kept,
      arrayPostfix: kept,
      defaultValue: () => undefined,
      morph: kept,
      patternIntersection: kept,
      predicate: kept,
      domain: ({ domain }: ArkPlace) => unknownType(String(domain)),
      proto: ({ proto }: ArkPlace) => unknownType(proto?.name ?? 'class'),
      symbolKey: () => unknownType('symbol as a name'),
      unit: ({ unit }: ArkPlace) => unknownType(String(unit)),
      date: () => unknownType('Date'),
    },
  },
}

/** Where a JSON Schema has no form for a type, and why, in words; undefined where it says all. */
export function unsaid(schema: unknown, path = ''): string | undefined {
  if (Array.isArray(schema)) return firstOf(schema.map((part) => [part, path]))
  if (!isJsonObject(schema)) return undefined
  const why = schema[WITHOUT]
  if (typeof why === 'string') return path === '' ? why : `${path}: ${why}`
  return firstOf(
    Object.entries(schema).flatMap(([keyword, part]): [unknown, string][] => {
      if (keyword === 'properties' && isJsonObject(part))
        return Object.entries(part).map(([name, own]) => [own, path === '' ? name : `${path}.${name}`])
      if (keyword === 'prefixItems' && Array.isArray(part)) return part.map((own, i) => [own, `${path}[${i}]`])
      return [[part, keyword === 'items' || keyword === 'additionalProperties' ? `${path}[]` : path]]
    }),
  )
}

function firstOf(parts: readonly (readonly [unknown, string])[]): string | undefined {
  for (const [part, path] of parts) {
    const found = unsaid(part, path)
    if (found !== undefined) return found
  }
  return undefined
}
