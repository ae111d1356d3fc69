import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { RaceTexts } from '../../race/data/read.js'
import { RACE_FILES } from '../../race/data/rows.js'
import { textOf } from '../text-file.js'

/** The data of the package, from src and from dist alike. */
const PACKAGED = fileURLToPath(new URL('../../../data/race', import.meta.url))

export function dataFolder({ data = PACKAGED }: { readonly data?: string }): string {
  return data
}

/** @throws UserError file_not_found when one of the files is not there */
export async function raceTexts(folder: string): Promise<RaceTexts> {
  const texts = await Promise.all(RACE_FILES.map(async (file) => [file, await textOf(join(folder, `${file}.csv`))]))
  return Object.fromEntries(texts) as RaceTexts
}
