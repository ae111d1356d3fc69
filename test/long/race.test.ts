import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { program } from '../../src/cli/commands/all.js'
import type { UserError } from '../../src/errors.js'
import { withRow } from '../../src/race/data/add.js'
import { formatCsv, parseCsv } from '../../src/race/data/csv.js'
import { readWithFaults } from '../../src/race/data/read.js'
import { RACE_FILES, type RaceFile } from '../../src/race/data/rows.js'
import { columnsOf } from '../../src/race/data/schema.js'
import { RACE_FOLDER, texts } from '../race/data.js'

const folder = mkdtempSync(join(tmpdir(), 'kaiyuan-race-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** What a command prints. */
async function printed(...args: string[]): Promise<string> {
  const parts: string[] = []
  const stdout = vi.spyOn(process.stdout, 'write').mockImplementation((text) => parts.push(String(text)) > 0)
  const stderr = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
  try {
    await program().parseAsync(['race', ...args], { from: 'user' })
  } finally {
    stdout.mockRestore()
    stderr.mockRestore()
  }
  return parts.join('')
}

describe('the data', () => {
  it('are without a fault', () => {
    expect(readWithFaults(texts).faults.map(({ message }) => message)).toEqual([])
  })

  it.each(RACE_FILES)('%s.csv comes out as it was read, byte for byte', (file) => {
    const { rows } = parseCsv(texts[file], file, columnsOf(file))
    expect(formatCsv(columnsOf(file), rows.map(({ cells }) => cells))).toBe(texts[file]) // prettier-ignore
  })

  it.each<[RaceFile, string, string, string]>([
    ['models', '2023-02-24,open,2023-02-24', '2023-02-30,open,2023-02-24', 'release_date: expected a day'],
    ['models', 'Meta,US', 'Meta,USA', 'country: expected a country in two letters'],
    ['models', 'https://epoch.ai/data/ai-models\n', '\n', 'sources: expected addresses'],
    ['models', '\nclaude-1,', '\nllama-65b,', 'llama-65b is there already'],
    ['eci', '153.99,151.5,159.37', '153.99,154.5,159.37', 'expected an interval with 153.99 in it'],
    ['eci', 'snapshot,model', 'snapshot,modell', 'expected the columns snapshot,model'],
    ['arena-gap', ',1060.0,tulu-2-dpo-70b,65.0', ',1060.0,tulu-2-dpo-70b,75.0', 'gap: expected 65.0, found 75'],
    ['frontier', 'closed,all,GPT-4o-2024-05-13,1287', 'closed,all,GPT-9,1287', 'names.csv has no row for "GPT-9"'],
  ])('%s.csv with %j as %j is refused', (file, before, after, fault) => {
    const wrong = texts[file].replace(before, after)
    expect(wrong).not.toBe(texts[file])
    const faults = (): string => {
      try {
        return readWithFaults({ ...texts, [file]: wrong }).faults.map(({ message }) => message).join('\n') // prettier-ignore
      } catch (error) {
        return (error as UserError).message
      }
    }
    expect(faults()).toContain(fault)
  })
})

describe('a new row', () => {
  const row = { ruler: 'arena', name: 'glm-6', title: 'GLM-6', country: 'CN' }

  it('goes to its place, and nothing else moves', () => {
    const text = withRow(texts, 'names', row)
    expect(text.split('\n').filter((line) => line !== 'arena,glm-6,GLM-6,,CN')).toEqual(texts.names.split('\n'))
    expect(text).toMatch(/\narena,glm-5\.3-max.*\narena,glm-6,GLM-6,,CN\n/)
  })

  it('is refused when it is wrong or there already, and the file stays as it was', async () => {
    expect(() => withRow(texts, 'names', { ...row, country: 'China' })).toThrow('expected a country in two letters')
    expect(() => withRow(texts, 'names', { ...row, colour: 'red' })).toThrow('has no column "colour"')
    cpSync(RACE_FOLDER, folder, { recursive: true })
    const data = ['--data', folder]
    await printed('add', 'names', 'ruler=arena', 'name=glm-6', 'title=GLM-6', 'country=CN', ...data)
    const once = readFileSync(join(folder, 'names.csv'), 'utf8')
    expect(once).toBe(withRow(texts, 'names', row))
    await expect(
      printed('add', 'names', 'ruler=arena', 'name=glm-6', 'title=GLM-6', 'country=CN', ...data),
    ).rejects.toThrow('there already')
    expect(readFileSync(join(folder, 'names.csv'), 'utf8')).toBe(once)
    expect(await printed('check', ...data)).toContain('names 100')
  })
})

describe('the command', () => {
  it('says the sentence of a day in two languages', async () => {
    expect(await printed('--date', '2025-07-15')).toContain(
      'On 15 July 2025 the best open model was DeepSeek-R1 (May 2025), China, MIT: 7.0 ECI points [3.2, 12.9] behind o3-pro, and 162 days (5.3 months) after o1',
    )
    const zh = await printed('--date', '2025-07-15', '--lang', 'zh')
    expect(zh).toContain(
      '2025 年 7 月 15 日，最好的开放模型是 DeepSeek-R1 (May 2025)（中国，MIT）：比 o3-pro 低 7.0 个 ECI 分',
    )
    expect(await printed('--date', '2026-11-01')).toBe(
      '1 November 2026: unknown: the data end on 7 October 2026, and of later days nothing is known here.\n',
    )
  })

  it('gives the same numbers as JSON, and one country alone', async () => {
    const args = ['--date', '2025-12-11', '--ruler', 'arena', '--country', 'fr', '--json']
    const there = JSON.parse(await printed(...args)) as { countries: object }
    expect(there).toMatchObject({ snapshot: '2025-12-11', closed: { score: 1486.6 }, open: { gap: { points: 45.4 } } })
    expect(there.countries).toMatchObject({ FR: { best: { model: 'Mistral Large 3' }, gap: { points: 54.9 }, rated: 5 } }) // prettier-ignore
    expect(Object.keys(there.countries)).toEqual(['FR'])
  })

  it('judges the claim of July 2025', async () => {
    const claim = await printed('--claim')
    expect(claim).toContain('The 5 best open models of 15 July 2025 were all of China')
    expect(claim).toContain('21 days later gpt-oss-120b')
    expect(claim).toContain('Mistral Large 3 stood 9.5 points behind the best open model and 66.5 ahead')
  })

  it.each<[string[], string]>([
    [['--date', '2025-02-30'], '--date: expected a day such as 2025-07-15, found "2025-02-30"'],
    [['--date', 'yesterday'], '--date: expected a day'],
    [['--country', 'XX'], '--country: expected a country with an open model, CN (China), US (US), FR (France)'],
    [['--ruler', 'mmlu'], 'Allowed choices are eci, arena'],
    [['--snapshot', '2025-01-01'], '--snapshot: expected 2025-12-19 or 2026-04-11, found 2025-01-01'],
    [['--data', join(folder, 'absent')], 'cannot be read'],
    [['add', 'names', 'glm-6'], 'expected COLUMN=VALUE, found "glm-6"'],
    [['add', 'cars', 'a=b'], 'expected one of models, eci'],
  ])('refuses %j', async (args, message) => {
    await expect(printed(...args)).rejects.toThrow(message)
  })
})
