// Blocks of the guides that need other packages; those of the AI SDK are in test/clients.
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { root } from '../surface/examples.js'
import { problemsOf, shownBlocks } from '../surface/typed.js'

it.each([
  ['agents', '@modelcontextprotocol/client', "import type { Engine } from 'kaiyuan'\ndeclare const engine: Engine"],
  ['server', "type: 'mcp'", "import type OpenAI from 'openai'\ndeclare const client: OpenAI"],
])(
  'the block about MCP servers in %s.md is what the compiler takes',
  (guide, about, before) => {
    const blocks = shownBlocks(guide).filter((code) => code.includes(about))
    expect(blocks).toHaveLength(1)
    const file = join(root, `test/surface/block-${guide}.ts`)
    expect(problemsOf(new Map([[file, `${before}\n${blocks[0]}\nexport {}\n`]]))).toEqual([])
  },
  120_000,
)

/** Blocks that others run: test/surface/guides.test.ts, test/server/docs.test.ts, the two above, test/clients. */
const RUN = ['docs/agents.md', 'docs/constrained-output.md', 'docs/server.md']
const CONTEXT = {
  engine: "import type { Engine } from 'kaiyuan'\ndeclare const engine: Engine",
  messages: "import type { ChatMessage } from 'kaiyuan'\ndeclare const messages: ChatMessage[]",
  require: "declare const require: (name: 'kaiyuan') => typeof import('kaiyuan')",
}

/** A block with what the text around it takes as given. */
function whole(code: string): string {
  const given = Object.entries(CONTEXT).filter(
    ([name]) => new RegExp(`\\b${name}\\b`).test(code) && !new RegExp(`const ${name}\\b`).test(code),
  )
  return `${given.map(([, text]) => text).join('\n')}\n${code}\nexport {}\n`
}

it('each other block of the README and of docs is what the compiler takes', () => {
  const documents = ['README.md', ...readdirSync(join(root, 'docs')).map((file) => `docs/${file}`)]
  const sources = new Map<string, string>()
  for (const document of documents.filter((file) => file.endsWith('.md') && !RUN.includes(file)))
    for (const [i, [, code = '']] of [
      ...readFileSync(join(root, document), 'utf8').matchAll(/```(?:ts|js)\n(.*?)```/gs),
    ].entries())
      sources.set(join(root, `test/surface/${document.replace(/\W/g, '-')}-${i}.ts`), whole(code))
  expect(sources.size).toBeGreaterThan(4)
  expect(problemsOf(sources)).toEqual([])
}, 120_000)
