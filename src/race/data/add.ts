import { UserError } from '../../errors.js'
import { compareRows } from './check.js'
import { formatCsv, parseCsv } from './csv.js'
import { readRace, type RaceTexts } from './read.js'
import type { RaceFile } from './rows.js'
import { columnsOf, SCHEMAS } from './schema.js'

/**
 * The text of a file with one more row, in its place, after the whole data was checked with it.
 * @throws UserError invalid_argument for a column that the file does not have, invalid_file for what the checks find
 */
export function withRow(texts: RaceTexts, file: RaceFile, values: Readonly<Record<string, string>>): string {
  const columns = columnsOf(file)
  const unknown = Object.keys(values).find((column) => !columns.includes(column))
  if (unknown !== undefined)
    throw new UserError(
      `${file}.csv has no column ${JSON.stringify(unknown)}; its columns are ${columns.join(', ')}`,
      'invalid_argument',
    )
  const row = Object.fromEntries(columns.map((column) => [column, values[column] ?? '']))
  const { success, data, error } = SCHEMAS[file].safeParse(row)
  if (!success) {
    const faults = error.issues.map(
      ({ path, message }) => `${String(path[0])}: ${message}; found ${JSON.stringify(row[String(path[0])])}`,
    )
    throw new UserError(`the new row of ${file}.csv: ${faults.join('; ')}`, 'invalid_argument')
  }
  const rows = parseCsv(texts[file], file, columns).rows.map(({ cells }) => cells)
  const later = rows.findIndex((cells) => compareRows(file, SCHEMAS[file].parse(cells), data) > 0)
  const text = formatCsv(columns, rows.toSpliced(later < 0 ? rows.length : later, 0, row))
  readRace({ ...texts, [file]: text })
  return text
}
