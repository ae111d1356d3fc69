// The block of docs/agents.md about the AI SDK, with the package that it is about.
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { root } from '../surface/examples.js'
import { problemsOf, shownBlocks } from '../surface/typed.js'

it('is what the compiler takes', () => {
  const blocks = shownBlocks('agents').filter((code) => code.includes("from 'ai'"))
  expect(blocks).toHaveLength(1)
  const before = "import type { ToolSet } from 'ai'\ndeclare const tools: ToolSet"
  expect(problemsOf(new Map([[join(root, 'test/clients/block.ts'), `${before}\n${blocks[0]}\n`]]))).toEqual([])
}, 120_000)
