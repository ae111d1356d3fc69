import type { ModelRow, RaceData, RaceFile } from './rows.js'

/** What is wrong with a row that is well formed by itself. */
export interface Fault {
  readonly file: RaceFile
  readonly row: number
  readonly fault: string
}

/** What identifies a row of each file, and how rows are ordered; ties stay as they are. */
export const KEYS: {
  readonly [File in RaceFile]: { readonly unique: readonly string[]; readonly order: readonly string[] }
} = {
  models: { unique: ['id'], order: ['release_date'] },
  eci: { unique: ['snapshot', 'model'], order: ['snapshot', '-eci'] },
  frontier: { unique: ['snapshot', 'board', 'openness', 'country'], order: ['snapshot'] },
  'arena-gap': { unique: ['snapshot'], order: ['snapshot'] },
  scores: {
    unique: ['model_id', 'benchmark', 'snapshot', 'variant'],
    order: ['benchmark', 'snapshot', '-score'],
  },
  names: { unique: ['ruler', 'name'], order: ['ruler', 'name'] },
}

/** Below 0 when row `a` stands before row `b`. A cell without a value stands last. */
export function compareRows(file: RaceFile, a: object, b: object): number {
  for (const key of KEYS[file].order) {
    const falling = key.startsWith('-')
    const column = falling ? key.slice(1) : key
    const [x, y] = [a, b].map((row) => (row as Record<string, string | number | undefined>)[column] ?? '')
    if (x === y) continue
    if (x === '') return 1
    if (y === '') return -1
    return x! < y! === falling ? 1 : -1
  }
  return 0
}

/** Everything that the schema of one row cannot see: the same thing twice, order, and files that do not agree. */
export function faultsOf(data: RaceData): Fault[] {
  const faults: Fault[] = []
  const add = (file: RaceFile) => (row: number, fault: string) => void faults.push({ file, row, fault })
  for (const file of Object.keys(data) as RaceFile[]) checkOrder(file, data[file], add(file))
  data.models.forEach((row, i) => modelFaults(row).forEach((fault) => add('models')(i, fault)))
  checkIntervals(data, add)
  checkNames(data, add)
  data['arena-gap'].forEach(({ best_closed, best_open, gap, note }, i) => {
    const fault = add('arena-gap')
    if ((best_open === undefined) !== (gap === undefined))
      fault(i, 'gap: expected a gap exactly where there is a best_open')
    if (best_open !== undefined && gap !== undefined && Math.abs(best_closed - best_open - gap) > 0.11)
      fault(i, `gap: expected ${(best_closed - best_open).toFixed(1)}, found ${gap}`)
    if (best_open === undefined && note === '') fault(i, 'note: expected why there is no best_open')
  })
  return faults
}

type Add = (file: RaceFile) => (row: number, fault: string) => void

function checkOrder(file: RaceFile, rows: readonly object[], fault: (row: number, text: string) => void): void {
  const seen = new Set<string>()
  const { unique } = KEYS[file]
  rows.forEach((row, i) => {
    const key = unique.map((column) => (row as Record<string, unknown>)[column]).join(' ')
    if (seen.has(key)) fault(i, `${unique.join(', ')}: ${key} is there already`)
    seen.add(key)
    if (i > 0 && compareRows(file, rows[i - 1]!, row) > 0) fault(i, `expected rows in the order of ${KEYS[file].order.join(', ')}`) // prettier-ignore
  })
}

function modelFaults({ release_date, weights, weights_date, licence_class, ...row }: ModelRow): string[] {
  const { total_params_b: total, active_params_b: active } = row
  const faults: [boolean, string][] = [
    [weights !== 'open' && weights_date !== undefined, 'weights_date: expected none, for weights are not open'],
    [!!weights_date && !!release_date && weights_date < release_date, 'weights_date: earlier than release_date'],
    [
      weights === 'open' && licence_class === 'proprietary',
      'licence_class: weights are open and the licence proprietary',
    ],
    [!!active && !!total && active > total, 'active_params_b: more than total_params_b'],
  ]
  return faults.filter(([wrong]) => wrong).map(([, fault]) => fault)
}

function checkIntervals(data: RaceData, add: Add): void {
  const check = (file: RaceFile, i: number, score: number, low?: number, high?: number): void => {
    if ((low === undefined) !== (high === undefined)) add(file)(i, 'ci_low and ci_high: expected both or neither')
    if (low !== undefined && high !== undefined && (low > score || high < score))
      add(file)(i, `ci_low, ci_high: expected an interval with ${score} in it, found ${low} to ${high}`)
  }
  data.eci.forEach(({ eci, ci_low, ci_high }, i) => check('eci', i, eci, ci_low, ci_high))
  data.frontier.forEach(({ score, ci_low, ci_high }, i) => check('frontier', i, score, ci_low, ci_high))
  data.scores.forEach(({ score, ci_low, ci_high }, i) => check('scores', i, score, ci_low, ci_high))
}

/** Every open model that leads on a board has a name, whose country is that of the board's row. */
function checkNames(data: RaceData, add: Add): void {
  const ids = new Map(data.models.map((row) => [row.id, row]))
  const arena = new Map(data.names.filter(({ ruler }) => ruler === 'arena').map((row) => [row.name, row]))
  data.names.forEach(({ model_id, country }, i) => {
    const model = ids.get(model_id)
    if (model_id !== '' && !model) add('names')(i, `model_id: ${model_id} is not in models.csv`)
    if (model && model.country !== country)
      add('names')(i, `country: models.csv has ${model.country} for ${model_id}, found ${country}`)
  })
  data.frontier.forEach(({ openness, country, model }, i) => {
    const name = arena.get(model)
    if (!name) add('frontier')(i, `model: names.csv has no row for ${JSON.stringify(model)}`)
    else if (openness === 'open' && country !== 'all' && name.country !== country)
      add('frontier')(i, `country: names.csv has ${name.country} for ${JSON.stringify(model)}, found ${country}`)
  })
  data['arena-gap'].forEach(({ best_open_model: model }, i) => {
    if (model !== '' && !arena.has(model)) add('arena-gap')(i, `best_open_model: names.csv has no row for ${model}`)
  })
  data.scores.forEach(({ model_id }, i) => {
    if (!ids.has(model_id)) add('scores')(i, `model_id: ${model_id} is not in models.csv`)
  })
}
