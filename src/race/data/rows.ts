/** A day of the calendar, YYYY-MM-DD. */
export type Day = string

export type Weights = 'open' | 'api' | 'closed'

export type LicenceClass = 'osi' | 'restricted' | 'non-commercial' | 'unknown' | 'proprietary'

/** A release: who, whence, when, under which licence. */
export interface ModelRow {
  readonly id: string
  readonly model: string
  readonly family: string
  readonly organisation: string
  /** Of the headquarters, ISO 3166. */
  readonly country: string
  readonly release_date: Day | undefined
  readonly weights: Weights
  /** The first day of download, not of announcement. */
  readonly weights_date: Day | undefined
  readonly licence: string
  readonly licence_class: LicenceClass
  /** Training data or the recipe can be had too. */
  readonly fully_open: 'yes' | undefined
  readonly total_params_b: number | undefined
  readonly active_params_b: number | undefined
  readonly architecture: string
  readonly hf_repo: string
  readonly confidence: 'high' | 'medium' | 'low'
  readonly doubt: string
  readonly note: string
  readonly sources: string
}

/** A model in one snapshot of the Epoch Capabilities Index. */
export interface EciRow {
  readonly snapshot: Day
  readonly model: string
  readonly variant: string
  readonly eci: number
  readonly ci_low: number | undefined
  readonly ci_high: number | undefined
  readonly release_date: Day | undefined
  readonly organisation: string
  readonly country: string
  readonly accessibility: string
}

export type Board = 'arena-text' | 'arena-text-style-control'

/** The best closed model, or the best open one of a country or of all, on one day of a board. */
export interface FrontierRow {
  readonly snapshot: Day
  readonly board: Board
  readonly openness: 'closed' | 'open'
  /** ISO 3166, or `all`. */
  readonly country: string
  readonly model: string
  readonly score: number
  readonly ci_low: number
  readonly ci_high: number
  readonly votes: number | undefined
  readonly behind_best_closed: number
  readonly models_rated: number
  readonly read_from: string
}

/** Best closed against best open on one day of the raw text board. */
export interface GapRow {
  readonly snapshot: Day
  readonly best_closed: number
  readonly best_closed_model: string
  readonly best_open: number | undefined
  readonly best_open_model: string
  readonly gap: number | undefined
  readonly read_from: string
  readonly note: string
}

/** A score of a model of models.csv, for the detail of a model. */
export interface ScoreRow {
  readonly model_id: string
  readonly model: string
  readonly benchmark: 'eci' | Board
  readonly snapshot: Day
  readonly variant: string
  readonly score: number
  readonly ci_low: number | undefined
  readonly ci_high: number | undefined
  readonly votes: number | undefined
  readonly source: string
  readonly licence: string
  readonly read_from: string
}

/** What a ruler calls a model, and which of models.csv it is, where it is one. */
export interface NameRow {
  readonly ruler: Ruler
  readonly name: string
  readonly title: string
  readonly model_id: string
  readonly country: string
}

/** What measures. Their points have nothing to do with each other. */
export const RULERS = ['eci', 'arena'] as const
export type Ruler = (typeof RULERS)[number]

export interface RaceRows {
  readonly models: ModelRow
  readonly eci: EciRow
  readonly frontier: FrontierRow
  readonly 'arena-gap': GapRow
  readonly scores: ScoreRow
  readonly names: NameRow
}

export type RaceFile = keyof RaceRows

/** All that is known, in the order of the files. */
export type RaceData = { readonly [File in RaceFile]: readonly RaceRows[File][] }

export const RACE_FILES = ['models', 'eci', 'frontier', 'arena-gap', 'scores', 'names'] as const satisfies RaceFile[]
