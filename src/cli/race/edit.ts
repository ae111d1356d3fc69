import { join } from 'node:path'
import { UserError } from '../../errors.js'
import { withRow } from '../../race/data/add.js'
import { readWithFaults } from '../../race/data/read.js'
import { RACE_FILES, type RaceFile } from '../../race/data/rows.js'
import { writeNamed } from '../whole-file.js'
import { dataFolder, raceTexts } from './files.js'

interface DataFlag {
  readonly data?: string
}

/** Faults that are shown; the rest is counted. */
const SHOWN = 20

/** @throws UserError invalid_file with the faults */
export async function checkRace(flags: DataFlag): Promise<void> {
  const folder = dataFolder(flags)
  const { data, faults } = readWithFaults(await raceTexts(folder))
  const counts = RACE_FILES.map((file) => `${file} ${data[file].length}`).join(', ')
  if (faults.length === 0) return void process.stdout.write(`all well: ${counts} rows\n`)
  const rest = faults.length > SHOWN ? `\nand ${faults.length - SHOWN} more` : ''
  const shown = faults.slice(0, SHOWN).map(({ fault }) => `\n${fault}`)
  throw new UserError(`${folder}: ${faults.length} faults${shown.join('')}${rest}`, 'invalid_file')
}

/** @throws UserError invalid_argument for what is no row of the file */
export async function addRow(file: string, values: readonly string[], flags: DataFlag): Promise<void> {
  if (!isRaceFile(file))
    throw new UserError(`expected one of ${RACE_FILES.join(', ')}, found ${JSON.stringify(file)}`, 'invalid_argument')
  const folder = dataFolder(flags)
  const text = withRow(await raceTexts(folder), file, parsed(values))
  const path = join(folder, `${file}.csv`)
  await writeNamed(path, text)
  process.stdout.write(`${path}: ${text.trimEnd().split('\n').length - 1} rows\n`)
}

function isRaceFile(file: string): file is RaceFile {
  return (RACE_FILES as readonly string[]).includes(file)
}

function parsed(values: readonly string[]): Record<string, string> {
  const row: Record<string, string> = {}
  for (const text of values) {
    const at = text.indexOf('=')
    const column = text.slice(0, at)
    if (at < 1) throw new UserError(`expected COLUMN=VALUE, found ${JSON.stringify(text)}`, 'invalid_argument')
    if (Object.hasOwn(row, column)) throw new UserError(`column ${column} is given twice`, 'invalid_argument')
    row[column] = text.slice(at + 1)
  }
  return row
}
