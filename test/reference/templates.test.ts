// Published templates with the texts that transformers renders from them.
import { readFileSync } from 'node:fs'
import { describe, expect, it, test } from 'vitest'
import { chooseDialect } from '../../src/chat/dialects/registry.js'
import type { ChatMessage, ToolDefinition } from '../../src/chat/message.js'
import { deepseekV32Prompt } from '../../src/chat/prompts/deepseek-v32.js'
import { deepseekV4Prompt } from '../../src/chat/prompts/deepseek-v4.js'
import type { RenderOptions } from '../../src/chat/prompt.js'
import { jinjaTemplate } from '../../src/chat/template.js'
import { reference } from './folder.js'

const readTemplate = (file: string): string => readFileSync(reference('real/templates', file), 'utf8')

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
  "access to attribute 'append' of 'list' object is unsafe.":
    'the template keeps the ids of calls in a list of its own, as it may in llama.cpp; else no tool could be called twice',
}

const cases = readTemplate('rendered.jsonl')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Case)

const optionsOf = (c: Case): RenderOptions => ({
  addGenerationPrompt: c.add_generation_prompt,
  ...(c.tools && { tools: c.tools }),
  extra: c.kwargs,
})

describe('published templates give the texts of transformers', () => {
  for (const c of cases) {
    test(`${c.template} ${c.case}`, () => {
      const source = readTemplate(c.template)
      const template = jinjaTemplate(source, { bos_token: c.bos_token, eos_token: c.eos_token }, c.template)
      const render = (): string => template.render(c.messages.map(openAiMessage), optionsOf(c))
      const reason = c.error === undefined ? undefined : RENDERED_ALL_THE_SAME[c.error]
      if (reason !== undefined) expect(render(), reason).toContain('get_weather')
      else if (c.error !== undefined) expect(render).toThrow(expect.objectContaining({ name: 'UserError' }) as Error)
      else expect(render()).toBe(c.text)
    })
  }
})

describe('where others made a template of a prompt that is ours by code', () => {
  const BOS = '<｜begin▁of▁sentence｜>'
  /** The template differs from the lab's encoder, which counts. */
  const DIFFERENT = new Set([
    // tools without a system message: the encoder sets them off by an empty line
    ...['deepseek-ai-DeepSeek-V3.2 tools', 'deepseek-ai-DeepSeek-V3.2 toolresult'],
    ...['deepseek-ai-DeepSeek-V4 tools', 'deepseek-ai-DeepSeek-V4 toolresult'],
  ])
  const prompts = { 'deepseek-ai-DeepSeek-V3.2': deepseekV32Prompt, 'deepseek-ai-DeepSeek-V4': deepseekV4Prompt }
  for (const [name, prompt] of Object.entries(prompts)) {
    for (const c of cases.filter(({ template }) => template === `${name}.jinja`)) {
      test(`${name} ${c.case}`, () => {
        const rendered = prompt.render(c.messages.map(openAiMessage), optionsOf(c))
        // The template writes `<think></think>` where the encoder closes the thought at once.
        const expected = c.text!.replace(/<think><\/think>$/, '</think>').replace('<s>', BOS)
        if (!DIFFERENT.has(`${name} ${c.case}`)) return expect(rendered).toBe(expected)
        expect(rendered).toBe(expected.replace(`${BOS}## Tools`, `${BOS}\n\n## Tools`))
      })
    }
  }
})

describe('the dialect of published templates', () => {
  it.each([
    ['GLM-4.6', 'glm-4.5'],
    ['GLM-4.7-Flash', 'glm-4.7'],
    ['GLM-5.2', 'glm-4.7'],
    // its tools are elsewhere than in this template
    ['HuggingFaceTB-SmolLM3-3B', 'think'],
    ['Kimi-K2-Instruct', 'kimi-k2'],
    ['Kimi-K2-Thinking', 'kimi-k2'],
    ['moonshotai-Kimi-K2', 'kimi-k2'],
    ['MiniMax-M2', 'minimax-m2'],
    ['Mistral-Small-3.2-24B-Instruct-2506', 'mistral-id'],
    ['mistralai-Ministral-3-14B-Reasoning-2512', 'mistral'],
    ['mistralai-Mistral-Nemo-Instruct-2407', 'mistral-list'],
    ['Qwen-Qwen2.5-7B-Instruct', 'hermes'],
    ['Qwen-Qwen3-0.6B', 'hermes'],
    ['Qwen3-Coder', 'qwen-xml'],
    ['Qwen3.5-4B', 'qwen-xml'],
    ['deepseek-ai-DeepSeek-R1-Distill-Qwen-32B', 'deepseek-v3'],
    ['llama-cpp-deepseek-r1', 'deepseek-v3'],
    ['deepseek-ai-DeepSeek-V3.1', 'deepseek-v3.1'],
    ['deepseek-ai-DeepSeek-V3.2', 'dsml-v3.2'],
    ['deepseek-ai-DeepSeek-V4', 'dsml-v4'],
    ['google-gemma-4-31B-it', 'gemma-4'],
    ['meta-llama-Llama-3.1-8B-Instruct', 'llama-3'],
    ['meta-llama-Llama-3.3-70B-Instruct', 'llama-3'],
    ['openai-gpt-oss-120b', 'harmony'],
  ])('%s', (file, name) => {
    const choice = { template: readTemplate(`${file}.jinja`), modelType: '', hasToken: () => false }
    expect(chooseDialect(choice).name).toBe(name)
  })
})
