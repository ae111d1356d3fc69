// Against the harnesses themselves, and as a process that is killed. npm run test:eval makes what they say and runs this.
import { defineConfig } from 'vitest/config'
import { LONG_LIMITS, suite } from '../suite.js'

export default defineConfig(
  suite({
    ...LONG_LIMITS,
    include: [
      'test/eval-real/*.test.ts',
      ...['parity', 'instructions', 'math-answer', 'ruler'].map((name) => `test/eval/${name}.test.ts`),
    ],
    maxWorkers: 1,
  }),
)
