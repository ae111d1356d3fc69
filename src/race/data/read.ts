import type { UserError } from '../../errors.js'
import { faultsOf } from './check.js'
import { invalid, parseCsv } from './csv.js'
import { RACE_FILES, type RaceData, type RaceFile, type RaceRows } from './rows.js'
import { columnsOf, SCHEMAS } from './schema.js'

/** The text of each file. */
export type RaceTexts = Readonly<Record<RaceFile, string>>

/**
 * The data of the race, checked: columns, days, numbers, sources, and that the files agree.
 * @throws UserError invalid_file with the first fault
 */
export function readRace(texts: RaceTexts): RaceData {
  const { data, faults } = readWithFaults(texts)
  const [first] = faults
  if (first) throw first
  return data
}

/** The data, and all that is wrong with it. @throws UserError invalid_file when a file is no table of its columns */
export function readWithFaults(texts: RaceTexts): { data: RaceData; faults: UserError[] } {
  const faults: UserError[] = []
  const lines: Partial<Record<RaceFile, number[]>> = {}
  const rowsOf = <File extends RaceFile>(file: File): RaceRows[File][] => {
    const { rows } = parseCsv(texts[file], file, columnsOf(file))
    const kept: number[] = []
    const read = rows.flatMap(({ line, cells }) => {
      const { success, data, error } = SCHEMAS[file].safeParse(cells)
      if (success) {
        kept.push(line)
        return [data as unknown as RaceRows[File]]
      }
      for (const { path, message } of error.issues) {
        const column = String(path[0])
        faults.push(invalid(file, line, `${column}: ${message}; found ${JSON.stringify(cells[column])}`))
      }
      return []
    })
    lines[file] = kept
    return read
  }
  const data = Object.fromEntries(RACE_FILES.map((file) => [file, rowsOf(file)])) as unknown as RaceData
  for (const { file, row, fault } of faultsOf(data)) faults.push(invalid(file, lines[file]?.[row] ?? 1, fault))
  return { data, faults }
}
