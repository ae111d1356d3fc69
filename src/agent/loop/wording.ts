/** What a model is told about its calls, in sentences that say what to do. */
import { distance } from 'fastest-levenshtein'
import type { Issue } from '../schema/schema.js'
import { issuesText } from '../schema/schema.js'

export const LAST_STEP = 'This was the last call: answer now with what you know, without calling a tool.'
export const ABORTED = 'The run was aborted before this call had a result.'

export function unknownTool(name: string, known: readonly string[]): string {
  if (known.length === 0) return `There is no tool ${name}: there are no tools. Answer without one.`
  const nearest = [...known].sort((a, b) => distance(a, name) - distance(b, name))
  return `There is no tool ${name}. There are: ${nearest.join(', ')}.`
}

export function badArguments(name: string, issues: readonly Issue[]): string {
  return `The arguments do not fit: ${issuesText(issues)}. Call ${name} again with arguments that do.`
}

export function denied(reason: string | undefined): string {
  const why = reason === undefined || reason === '' ? '' : `: ${reason}`
  return `The user did not allow this call${why}. Do not repeat it; continue without it, or say why you cannot.`
}

export function repeated(name: string, times: number): string {
  return `${name} was called ${times} times with the same arguments and gave the same; it was not run again.`
}

export function failed(name: string, error: unknown): string {
  return `${name} failed: ${error instanceof Error ? error.message : String(error)}`
}

/** A result as text. */
export function resultText(result: unknown): string {
  if (typeof result === 'string') return result
  try {
    return JSON.stringify(result) ?? 'done'
  } catch {
    return String(result)
  }
}

/** The head and the tail of a text that is too long, with what is missing in words. */
export function shortened(text: string, most: number): { readonly text: string; readonly leftOut: number } {
  if (text.length <= most) return { text, leftOut: 0 }
  const head = Math.floor(most * 0.75)
  const tail = most - head
  const leftOut = text.length - most
  const note = `[${leftOut} of ${text.length} characters are left out here; ask for less]`
  return { text: `${whole(text.slice(0, head))}\n${note}\n${text.slice(text.length - tail)}`, leftOut }
}

/** Without half of a character at the end. */
function whole(text: string): string {
  return /[\uD800-\uDBFF]$/.test(text) ? text.slice(0, -1) : text
}
