type Json = Record<string, unknown>

interface Property {
  readonly name: string
  readonly type: string
  readonly required: boolean
  readonly description: string
}

/** The OpenAPI description as a page that needs nothing else: no script, no font, no picture from anywhere. */
export function docsPage(api: Json): string {
  const paths = api['paths'] as Record<string, Record<string, Json>>
  const schemas = (api['components'] as Json)['schemas'] as Record<string, Json>
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  )
  const tags = [...new Set(operations.map(({ operation }) => (operation['tags'] as string[])[0]!))]
  const sections = tags.map((tag) => {
    const own = operations.filter(({ operation }) => (operation['tags'] as string[])[0] === tag)
    return `<h2>${escape(tag)}</h2>${own.map((entry) => section(entry, schemas)).join('')}`
  })
  const { title, version, description } = api['info'] as Record<string, string>
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escape(title!)} API</title>
<style>${STYLE}</style>
<main><h1>${escape(title!)} ${escape(version!)}</h1><p>${escape(description!)} <a href="openapi.json">openapi.json</a></p>
${sections.join('\n')}</main></html>
`
}

function section(
  { path, method, operation }: { path: string; method: string; operation: Json },
  schemas: Record<string, Json>,
): string {
  const locked = 'security' in operation ? '' : ' <small>open</small>'
  const head = `<summary><code><b>${method.toUpperCase()}</b> ${escape(path)}</code> ${escape(String(operation['summary']))}${locked}</summary>`
  const name = /"#\/components\/schemas\/(\w+)"/.exec(JSON.stringify(operation))?.[1]
  const rows = name === undefined ? [] : propertiesOf(schemas[name]!).map(row)
  const table = rows.length === 0 ? '' : `<table>${rows.join('')}</table>`
  return `<details>${head}${table}</details>`
}

function row({ name, type, required, description }: Property): string {
  const mark = required ? ' <small>required</small>' : ''
  return `<tr><td><code>${escape(name)}</code>${mark}<td><code>${escape(type)}</code><td>${escape(description)}`
}

function propertiesOf(schema: Json): Property[] {
  const required = (schema['required'] as string[] | undefined) ?? []
  return Object.entries((schema['properties'] as Record<string, Json> | undefined) ?? {}).map(([name, property]) => ({
    name,
    type: typeOf(property),
    required: required.includes(name),
    description: textOf(property['description']),
  }))
}

/** A type in a few words; null, which every optional field takes, is left out. */
function typeOf(schema: Json): string {
  const options = (schema['anyOf'] ?? schema['oneOf']) as Json[] | undefined
  if (options) {
    const types = options.map(typeOf).filter((type) => type !== 'null')
    return [...new Set(types)].join(' | ')
  }
  if ('const' in schema) return JSON.stringify(schema['const'])
  if ('enum' in schema) return (schema['enum'] as unknown[]).map((value) => JSON.stringify(value)).join(' | ')
  if (schema['type'] === 'array') return `${typeOf((schema['items'] ?? {}) as Json)}[]`
  return textOf(schema['type']) || 'any'
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

export function escape(text: string): string {
  return text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`)
}

const STYLE = `:root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}main{max-width:60rem;margin:0 auto;padding:1rem}
details{margin:.4rem 0;padding:.4rem .8rem;border:1px solid #8886;border-radius:6px}summary{cursor:pointer}
table{border-collapse:collapse;width:100%;margin:.6rem 0;font-size:.9rem}td{border-top:1px solid #8884;padding:.25rem .5rem;vertical-align:top}
code{font:.9em ui-monospace,monospace;overflow-wrap:anywhere}small{opacity:.7}`
