// What takes long: many requests at once, and faults whose effects take time. npm run test:long
import { defineConfig } from 'vitest/config'
import { LONG_LIMITS, suite } from '../suite.js'

export default defineConfig(suite({ include: ['test/long/**/*.test.ts'], ...LONG_LIMITS }))
