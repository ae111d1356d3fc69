/** An object's JSON text from keys and the JSON text of their values. */
export function objectText(entries: readonly (readonly [key: string, json: string])[]): string {
  return `{${entries.map(([key, json]) => `${JSON.stringify(key)}: ${json}`).join(', ')}}`
}
