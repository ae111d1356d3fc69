import { defineConfig } from 'vitest/config'
import { suite } from './test/suite.js'

// The suites beside it have configurations of their own: test/long, test/reference, test/clients.
export default defineConfig(
  suite({
    include: ['test/**/*.test.ts'],
    exclude: ['**/node_modules/**', 'test/long/**', 'test/reference/**', 'test/clients/**'],
  }),
)
