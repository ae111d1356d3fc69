import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import type { ChatMessage, ToolDefinition } from '../../src/chat/message.js'
import { jinjaTemplate } from '../../src/chat/template.js'

/** Published templates with the texts that transformers renders from them. Not ours to keep in the repository. */
const FOLDER = fileURLToPath(new URL('../../../shared/real/templates/', import.meta.url))
const present = existsSync(FOLDER)
if (!present) console.log(`skipped: published templates, since ${FOLDER} is absent`)

interface Case {
  template: string
  case: string
  messages: unknown[]
  tools: ToolDefinition[] | null
  add_generation_prompt: boolean
  kwargs: Record<string, unknown>
  bos_token: string
  eos_token: string
  text?: string
  error?: string
}

/** The recorded messages hold arguments as objects; ours hold them as JSON text, and the template gets the object. */
function openAiMessage(message: unknown): ChatMessage {
  const { tool_calls, ...rest } = message as ChatMessage & {
    tool_calls?: { id: string; function: { name: string; arguments: unknown } }[]
  }
  if (!tool_calls) return rest
  return {
    ...rest,
    tool_calls: tool_calls.map(({ id, function: { name, arguments: args } }) => ({
      id,
      type: 'function',
      function: { name, arguments: JSON.stringify(args) },
    })),
  }
}

/** What the reference refuses and we render, with the reason. */
const RENDERED_ALL_THE_SAME: Readonly<Record<string, string>> = {
  'Object of type generator is not JSON serializable':
    "the template writes `tools | map(attribute='function') | tojson`; Python's map is a generator, ours a list, as the template means it",
}

const cases = present
  ? readFileSync(`${FOLDER}rendered.jsonl`, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Case)
  : []

describe.skipIf(!present)('published templates give the texts of transformers', () => {
  for (const c of cases) {
    test(`${c.template} ${c.case}`, () => {
      const source = readFileSync(FOLDER + c.template, 'utf8')
      const template = jinjaTemplate(source, { bos_token: c.bos_token, eos_token: c.eos_token }, c.template)
      const render = (): string =>
        template.render(c.messages.map(openAiMessage), {
          addGenerationPrompt: c.add_generation_prompt,
          ...(c.tools && { tools: c.tools }),
          extra: c.kwargs,
        })
      const reason = c.error === undefined ? undefined : RENDERED_ALL_THE_SAME[c.error]
      if (reason !== undefined) expect(render(), reason).toContain('get_weather')
      else if (c.error !== undefined) expect(render).toThrow(expect.objectContaining({ name: 'UserError' }) as Error)
      else expect(render()).toBe(c.text)
    })
  }
})
