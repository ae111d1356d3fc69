import { defineConfig } from 'vitest/config'
import { suite } from './test/suite.js'

// The threads of the kernels themselves: started and ended as users have it.
const THREADS = 'test/cpu/**/*.test.ts'

// Hundreds of engines are closed, each of which collects garbage: quick only where little else was imported.
const OPS = 'test/ops/**/*.test.ts'

// The other suites have configurations of their own: test/long, test/reference, test/clients, test/models-real, test/store-real,
// test/eval-real, test/web.
const OTHERS = ['**/node_modules/**', 'test/{long,reference,clients,models-real,store-real,eval-real,web}/**']

// Files share a process, and what they import, which would else take a third of the time: each puts back what it changes.
const ONE_PROCESS = { isolate: false }

export default defineConfig({
  test: {
    ...suite({}).test,
    projects: [
      suite({
        name: 'quick',
        include: ['test/**/*.test.ts'],
        exclude: [...OTHERS, THREADS, OPS],
        setupFiles: ['test/setup.ts'],
        ...ONE_PROCESS,
      }),
      suite({ name: 'ops', include: [OPS], setupFiles: ['test/setup.ts'], ...ONE_PROCESS }),
      suite({ name: 'threads', include: [THREADS], ...ONE_PROCESS }),
    ],
  },
})
