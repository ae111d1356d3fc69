export type NumberName =
  | 'temperature'
  | 'topP'
  | 'topK'
  | 'minP'
  | 'repetitionPenalty'
  | 'frequencyPenalty'
  | 'presencePenalty'
  | 'seed'
  | 'maxTokens'

/** A setting that is a number, and what it may be. */
export interface NumberField {
  readonly name: NumberName
  readonly min: number
  readonly max?: number
  readonly step: number
}

export const NUMBERS: readonly NumberField[] = [
  { name: 'temperature', min: 0, max: 2, step: 0.1 },
  { name: 'topP', min: 0, max: 1, step: 0.01 },
  { name: 'topK', min: 0, max: 200, step: 1 },
  { name: 'minP', min: 0, max: 1, step: 0.01 },
  { name: 'repetitionPenalty', min: 0.5, max: 2, step: 0.01 },
  { name: 'frequencyPenalty', min: -2, max: 2, step: 0.1 },
  { name: 'presencePenalty', min: -2, max: 2, step: 0.1 },
  { name: 'seed', min: 0, step: 1 },
  { name: 'maxTokens', min: 1, step: 1 },
]
