// The states after the final norm, which embeddings are made of: every architecture, both backends.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { cpuBackend } from '../../src/backends/cpu/cpu.js'
import { referenceBackend } from '../../src/backends/reference/reference.js'
import { finalHidden } from '../../src/graph/program.js'
import { FIXTURES, GoldenRun, readGolden } from '../golden/harness.js'

describe.each(readdirSync(join(FIXTURES, 'golden')))('golden/%s', (name) => {
  it('has the same final states on the cpu as on the reference', async () => {
    const path = join(FIXTURES, 'golden', name)
    const ids = readGolden(join(path, 'golden.safetensors')).ids!.slice(0, 20)
    const [cpu, reference] = await Promise.all(
      [cpuBackend, referenceBackend].map(async (backend) => {
        const run = await GoldenRun.load(path, backend, { threads: 2 })
        const { width } = finalHidden(run.program)!
        const states = await run.states(ids)
        await run.runner.close()
        return { states, width }
      }),
    )
    expect(cpu!.states).toHaveLength(ids.length * reference!.width)
    const worst = cpu!.states.reduce((max, value, i) => Math.max(max, Math.abs(value - reference!.states[i]!)), 0)
    expect(worst).toBeLessThan(1e-3)
    expect(Math.max(...cpu!.states)).toBeGreaterThan(0.01)
  })
})
