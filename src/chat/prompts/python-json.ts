import { fromJavaScript, jsonText } from '../python/json.js'

export interface JsonStyle {
  /** No spaces; by default one after each comma and colon, as Python writes. */
  readonly compact?: boolean
  readonly sortKeys?: boolean
}

/** JSON as Python's json.dumps writes it with ensure_ascii=False: what labs put into prompts. */
export function pythonJson(value: unknown, { compact = false, sortKeys = false }: JsonStyle = {}): string {
  return jsonText(fromJavaScript(value), { sortKeys, ...(compact && { separators: [',', ':'] }) })
}
