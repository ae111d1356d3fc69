import { isJsonObject } from '../../json.js'
import type { ToolCall } from '../../remote/engine-like.js'

/** Calls that were made with the same arguments and gave the same: a model that makes them again is going around in circles. */
export class Repeats {
  private readonly made = new Map<string, { result: string; times: number }>()

  /** How often this call gave the same as the last time. */
  timesOf(call: ToolCall): number {
    return this.made.get(keyOf(call))?.times ?? 0
  }

  /** Notes what a call gave; another result than before starts over. */
  note(call: ToolCall, result: string): void {
    const key = keyOf(call)
    const before = this.made.get(key)
    if (before?.result === result) before.times++
    else this.made.set(key, { result, times: 1 })
  }
}

/** The same for arguments that differ only in the order of their names. */
function keyOf({ name, arguments: text }: ToolCall): string {
  try {
    return `${name} ${JSON.stringify(sorted(JSON.parse(text)))}`
  } catch {
    return `${name} ${text}`
  }
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (!isJsonObject(value)) return value
  const entries = Object.entries(value).map(([key, item]) => [key, sorted(item)] as const)
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)))
}
