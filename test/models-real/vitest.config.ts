// Real models, one file of tests after the other: each would want all cores. npm run test:models gets the models and runs this.
import { defineConfig } from 'vitest/config'
import { LONG_LIMITS, suite } from '../suite.js'

export default defineConfig(suite({ ...LONG_LIMITS, include: ['test/models-real/*.test.ts'], maxWorkers: 1 }))
