// Tests against files that are not in the project: KAIYUAN_REFERENCE=DIR npm run test:reference
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { defineConfig } from 'vitest/config'
import { LONG_LIMITS, suite } from '../suite.js'

/** What DIR has to hold; a test that finds less must fail, not pass over it. */
const CONTENTS = [
  'golden',
  'golden-gguf/blocks.safetensors',
  'golden-gguf/stories260k',
  'real/api',
  'real/configs',
  'real/json-schema/draft2020-12',
  'real/templates/rendered.jsonl',
  'real/tinystories-656k',
  'real/tokenizers',
  'real/vocab-gguf',
]

/** The folder, or one sentence and the end. */
function referenceFolder(): string {
  const folder = process.env['KAIYUAN_REFERENCE'] ?? ''
  const missing = CONTENTS.filter((path) => !existsSync(join(folder, path)))
  if (folder !== '' && missing.length === 0) return resolve(folder)
  const found = folder === '' ? 'the variable is not set' : `in ${folder} there is no ${missing.join(', ')}`
  console.error(`KAIYUAN_REFERENCE: expected the folder of reference files; ${found}.`)
  console.error('Run: KAIYUAN_REFERENCE=DIR npm run test:reference')
  process.exit(2)
}

export default defineConfig(
  suite({
    include: ['test/reference/**/*.test.ts'],
    env: { KAIYUAN_REFERENCE: referenceFolder() },
    ...LONG_LIMITS,
    // Twenty answers by chance for each of a thousand schemas.
    testTimeout: 3 * LONG_LIMITS.testTimeout,
  }),
)
