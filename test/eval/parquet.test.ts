// Files that pyarrow wrote (test/eval-real/parquet.py), whole and damaged.
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { UserError } from '../../src/errors.js'
import { parquetRows } from '../../src/eval/parquet/parquet.js'
import { FIXTURES, fixture } from './scripted.js'

const rows = JSON.parse(readFileSync(new URL('mmlu-pro.json', FIXTURES), 'utf8')) as Record<string, unknown[]>

it.each(['test', 'validation'])('reads texts, numbers and lists of texts: %s', (split) => {
  expect(parquetRows(fixture(`mmlu-pro-${split}.parquet`), split)).toEqual(rows[split])
})

it('reads lists that are empty, have holes or are none, pages without packing, and several groups of rows', () => {
  expect(parquetRows(fixture('parquet-kinds.parquet'), 'kinds')).toEqual(
    Array.from({ length: 2500 }, (_, i) => ({
      list: [[], null, [`n${i}`, null, ''], ['x']][i % 4],
      share: i % 3 === 0 ? null : i / 8,
      small: i - 1250,
      flag: i % 2 === 0,
      text: `t${i % 700}`,
    })),
  )
})

it('says of what it does not read what it is', () => {
  expect(() => parquetRows(fixture('parquet-records.parquet'), 'a')).toThrow(/the column answers has records in it/)
  expect(() => parquetRows(fixture('parquet-zstd.parquet'), 'b')).toThrow(/found Zstandard, which is not read here/)
  expect(() => parquetRows(fixture('aime.jsonl'), 'c')).toThrow(/c: expected a Parquet file, found another one/)
  expect(() => parquetRows(new Uint8Array(3), 'd')).toThrow(UserError)
})

it('reads a damaged file or says that it is damaged', () => {
  const whole = fixture('mmlu-pro-test.parquet')
  let refused = 0
  for (let at = 0; at < whole.length; at += 3) {
    const damaged = Uint8Array.from(whole)
    damaged[at] = [0, 255, whole[at]! ^ 1][(at / 3) % 3]!
    try {
      parquetRows(damaged, 'damaged')
    } catch (error) {
      expect(error).toBeInstanceOf(UserError)
      refused++
    }
  }
  expect(refused).toBeGreaterThan(100)
})
