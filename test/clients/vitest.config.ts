// The clients and agents of this folder's package, and its newest official clients in the tests of the server, which in npm test
// use the newest that run on Kaiyuan's oldest Node.
import { fileURLToPath } from 'node:url'
import { defineConfig, mergeConfig } from 'vitest/config'
import { LONG_LIMITS, suite } from '../suite.js'

const installed = (name: string): string => fileURLToPath(new URL(`node_modules/${name}`, import.meta.url))

export default mergeConfig(
  defineConfig(
    suite({ ...LONG_LIMITS, include: ['test/clients/*.test.ts', 'test/server/*.test.ts', 'test/long/faults.test.ts'] }),
  ),
  { resolve: { alias: ['openai', '@anthropic-ai/sdk'].map((name) => ({ find: name, replacement: installed(name) })) } },
)
