/** What a document asks, out of the samples that a run keeps in the layout of lm-evaluation-harness. */
import { isJsonObject, type JsonObject } from '../../json.js'

export interface Question {
  readonly prompt: string
  /** Empty where what is right is no text, such as instructions that are checked. */
  readonly expected: string
  /** Of a likelihood task, and which is right. */
  readonly choices: readonly string[]
  readonly gold: number | undefined
}

/** Undefined where the texts are not there: those of a private task are never kept. */
export function questionOf(sample: JsonObject): Question | undefined {
  const { arguments: sent, target } = sample
  if (!isJsonObject(sent)) return undefined
  const parts = Object.values(sent).filter(isJsonObject)
  const choices = parts.flatMap(({ arg_1: continuation }) => (typeof continuation === 'string' ? [continuation] : []))
  const prompt = parts[0]?.['arg_0']
  const gold = choices.length > 0 && typeof target === 'number' ? target : undefined
  return {
    prompt: typeof prompt === 'string' ? prompt : '',
    expected: gold === undefined ? shown(target) : (choices[gold] ?? '').trim(),
    choices: choices.map((choice) => choice.trim()),
    gold,
  }
}

function shown(target: unknown): string {
  if (target === undefined || target === null) return ''
  return typeof target === 'string' ? target : JSON.stringify(target)
}
