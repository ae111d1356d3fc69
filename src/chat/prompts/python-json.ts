export interface JsonStyle {
  /** No spaces; by default one behind each comma and colon, as Python writes. */
  readonly compact?: boolean
  readonly sortKeys?: boolean
}

/** JSON as Python's json.dumps writes it with ensure_ascii=False: what labs put into prompts. */
export function pythonJson(value: unknown, style: JsonStyle = {}): string {
  const [comma, colon] = style.compact ? [',', ':'] : [', ', ': ']
  if (Array.isArray(value)) return `[${value.map((item) => pythonJson(item, style)).join(comma)}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  const entries = Object.entries(value).filter(([, item]) => item !== undefined)
  if (style.sortKeys) entries.sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${entries.map(([key, item]) => JSON.stringify(key) + colon + pythonJson(item, style)).join(comma)}}`
}
