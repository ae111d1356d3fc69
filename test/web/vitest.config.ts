// The chat page in Chromium, in both of its builds, as a person uses it: npm run test:web. Pictures go to test/web/pictures, or to the
// folder that KAIYUAN_PICTURES names.
import { suite } from '../suite.js'
import { defineConfig } from 'vitest/config'

export default defineConfig(
  suite({
    include: ['test/web/*.test.ts'],
    testTimeout: 180_000,
    hookTimeout: 180_000,
    // One browser at a time: two of them on two cores only wait for each other.
    maxWorkers: 1,
  }),
)
