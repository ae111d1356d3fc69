// Damaged files of every kind (tools/fuzz), in a process of their own: first those that once were not refused as they should be.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const RUN = fileURLToPath(new URL('../../tools/fuzz/run.mjs', import.meta.url))

it('end in an answer or in a refusal, soon and in little memory', () => {
  const args = [RUN, '--files', '3000', '--seed', '7']
  const { status, stdout } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  expect(stdout).toContain('3000 passed, 0 failed')
  expect(status).toBe(0)
}, 600_000)
