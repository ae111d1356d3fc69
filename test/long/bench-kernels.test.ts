// The benches run, and their own checks versus plain loops pass; how fast is not asked here.
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const benchOf = (name: string): string => fileURLToPath(new URL(`../../bench/kernels/${name}.mjs`, import.meta.url))

it.each(['int4', 'int8', 'int4_min', 'int5_min', 'int6', 'bf16', 'f16', 'fp8'])('four rows of %s', (format) => {
  const text = execFileSync(process.execPath, [benchOf('linear'), format, '4', '256'], { encoding: 'utf8' })
  expect(text).toMatch(new RegExp(`^linear ${format} +T +4 +[0-9.]+ GMAC/s +[0-9.]+ GB/s\n$`))
})

it('choosing tokens', () => {
  const text = execFileSync(process.execPath, [benchOf('sample'), '5000'], { encoding: 'utf8' })
  expect(text).toMatch(/^( +5000 {2}[a-z0-9., -]+ [0-9.]+ ms\n){6}$/)
})
