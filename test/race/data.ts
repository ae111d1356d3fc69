import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { readRace, type RaceTexts } from '../../src/race/data/read.js'
import { RACE_FILES } from '../../src/race/data/rows.js'

export const RACE_FOLDER = fileURLToPath(new URL('../../data/race/', import.meta.url))

/** The files of the project. */
export const texts = Object.fromEntries(
  RACE_FILES.map((file) => [file, readFileSync(`${RACE_FOLDER}${file}.csv`, 'utf8')]),
) as RaceTexts

export const data = readRace(texts)
