// What the configurations of all suites share.
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import type { ViteUserConfig } from 'vitest/config'

type TestOptions = NonNullable<ViteUserConfig['test']>

/** A guard against a test that hangs, not a measure of speed: a busy machine takes its time. */
export const LONG_LIMITS = { testTimeout: 600_000, hookTimeout: 600_000 }

/** The configuration of a suite of the project. */
export function suite(test: TestOptions): ViteUserConfig {
  return {
    root: fileURLToPath(new URL('..', import.meta.url)),
    // What examples import is the source, as everywhere in the tests.
    resolve: {
      alias: [
        { find: /^kaiyuan$/, replacement: fileURLToPath(new URL('../src/index.ts', import.meta.url)) },
        { find: /^kaiyuan\/(ai|worker)$/, replacement: fileURLToPath(new URL('../src/', import.meta.url)) + '$1.ts' },
      ],
    },
    test: {
      exclude: ['dist/**', '**/node_modules/**'],
      // Processes, not threads: a test that spins WebAssembly threads must not share its process with another.
      pool: 'forks',
      // By default one of two cores would stay idle.
      maxWorkers: Math.max(2, availableParallelism() - 1),
      testTimeout: 300_000,
      hookTimeout: 300_000,
      reporters: ['default', fileURLToPath(new URL('reporter.ts', import.meta.url))],
      ...test,
    },
  }
}
