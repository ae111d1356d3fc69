/** What the page says. */
export interface ReportWords {
  readonly language: string
  readonly title: string
  /** How the page was made, and what it needs. */
  readonly subtitle: string
  readonly runs: string
  readonly runColumns: readonly string[]
  readonly scores: string
  readonly scoresText: string
  readonly numbers: string
  readonly scoreColumns: readonly string[]
  readonly part: string
  readonly guessing: (share: string) => string
  readonly differences: string
  readonly differencesText: string
  readonly differenceColumns: readonly string[]
  readonly against: (a: string, b: string) => string
  readonly noneCommon: string
  readonly notComparable: (field: string, a: string, b: string) => string
  readonly noneShown: string
  readonly better: (run: string) => string
  readonly points: (value: string) => string
  readonly range: (low: string, high: string) => string
  readonly failures: string
  readonly failuresText: string
  readonly failed: (failed: number, asked: number) => string
  readonly more: (count: number) => string
  readonly allRight: string
  readonly document: (id: number) => string
  readonly right: string
  readonly wrong: string
  readonly partly: (share: string) => string
  readonly prompt: (characters: string) => string
  readonly expected: string
  readonly answer: string
  readonly calls: string
  readonly readOut: string
  readonly nothing: string
  readonly invalid: string
  readonly cut: string
  readonly truncated: string
  readonly repeats: (shown: number, all: number) => string
  readonly choice: string
  readonly logLikelihood: string
  readonly perCharacter: string
  readonly isRight: string
  readonly leftOut: (characters: string) => string
  readonly hidden: string
  readonly missing: string
  readonly identities: string
  readonly identitiesText: string
}
