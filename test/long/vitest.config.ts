// What takes long: many requests at once, faults whose effects take time, processes of the command line, the plain backend and
// batches, drafts and hidden states of every golden checkpoint, every op in every division and every stored format, every value of every config changed,
// every example run. npm run test:long
import { defineConfig } from 'vitest/config'
import { LONG_LIMITS, suite } from '../suite.js'

export default defineConfig(
  suite({
    include: ['test/long/**/*.test.ts', 'test/ops/ops.test.ts'],
    env: { KAIYUAN_LONG: '1' },
    ...LONG_LIMITS,
  }),
)
