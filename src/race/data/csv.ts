import Papa from 'papaparse'
import { UserError } from '../../errors.js'

/** A table as text: its columns, its rows, and the line on which each row begins. */
export interface Table {
  readonly columns: readonly string[]
  readonly rows: readonly { readonly line: number; readonly cells: Readonly<Record<string, string>> }[]
}

/** @throws UserError invalid_file with file and line where it is no table of these columns */
export function parseCsv(text: string, file: string, columns: readonly string[]): Table {
  const { data, errors } = Papa.parse<string[]>(text, { delimiter: ',', newline: '\n', skipEmptyLines: false })
  const [error] = errors
  if (error) throw invalid(file, (error.row ?? 0) + 1, `expected a table in CSV: ${error.message}`)
  const lines = data.at(-1)?.join('') === '' ? data.slice(0, -1) : data
  const [head = [], ...body] = lines
  if (head.join() !== columns.join())
    throw invalid(file, 1, `expected the columns ${columns.join(',')}, found ${head.join(',').slice(0, 200)}`)
  let line = 2
  const rows = body.map((cells) => {
    const at = line
    line += 1 + cells.reduce((sum, cell) => sum + (cell.match(/\n/g)?.length ?? 0), 0)
    if (cells.length !== columns.length)
      throw invalid(file, at, `expected ${columns.length} cells, found ${cells.length}`)
    return { line: at, cells: Object.fromEntries(columns.map((column, i) => [column, cells[i]!])) }
  })
  return { columns, rows }
}

/** The text of a table; what was read and not changed comes out byte for byte. */
export function formatCsv(columns: readonly string[], rows: readonly Readonly<Record<string, string>>[]): string {
  const lines = rows.map((row) => columns.map((column) => row[column] ?? ''))
  return `${Papa.unparse([[...columns], ...lines], { newline: '\n' })}\n`
}

export function invalid(file: string, line: number, fault: string): UserError {
  return new UserError(`${file}.csv, line ${line}: ${fault}`, 'invalid_file')
}
