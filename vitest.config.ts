import { defineConfig } from 'vitest/config'
import { suite } from './test/suite.js'

// Nothing in these folders starts a thread or changes what others see: their files share a process, and what they import.
const SHARED = 'test/{chat,checkpoint,grammar,models,tokenizer}/**/*.test.ts'

// The suites beside it have configurations of their own: test/long, test/reference, test/clients.
const OTHERS = ['**/node_modules/**', 'test/long/**', 'test/reference/**', 'test/clients/**']

export default defineConfig({
  test: {
    ...suite({}).test,
    projects: [
      suite({ name: 'shared', include: [SHARED], isolate: false }),
      suite({ name: 'alone', include: ['test/**/*.test.ts'], exclude: [...OTHERS, SHARED] }),
    ],
  },
})
