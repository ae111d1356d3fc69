// A real model by its name: npm run test:store gets it as a user does and runs this.
import { defineConfig } from 'vitest/config'
import { LONG_LIMITS, suite } from '../suite.js'

export default defineConfig(suite({ ...LONG_LIMITS, include: ['test/store-real/*.test.ts'], maxWorkers: 1 }))
