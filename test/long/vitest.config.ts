// What takes long: many requests at once, faults whose effects take time, the plain backend on every golden checkpoint, every
// value of every config changed, every example run. npm run test:long
import { defineConfig } from 'vitest/config'
import { LONG_LIMITS, suite } from '../suite.js'

export default defineConfig(suite({ include: ['test/long/**/*.test.ts'], ...LONG_LIMITS }))
