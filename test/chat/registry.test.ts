import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { chooseDialect } from '../../src/chat/dialects/registry.js'

const choose = (template: string | undefined, modelType = '', tokens: string[] = []): string =>
  chooseDialect({ template, modelType, hasToken: (token) => tokens.includes(token) }).name

describe('the dialect', () => {
  it.each([
    ['a template that says nothing', undefined, 'think'],
    ['deepseek_v32', undefined, 'dsml-v3.2'],
    ['deepseek_v4', undefined, 'dsml-v4'],
    ['deepseek_v41', undefined, 'dsml-v4.1'],
    ['kimi_k3', undefined, 'kimi-k3'],
    ['gpt_oss', undefined, 'harmony'],
    ['constructor', undefined, 'think'],
  ])('of model type %s without a template', (modelType, template, name) => {
    expect(choose(template, modelType)).toBe(name)
  })

  it('is told by the template before the model type', () => {
    expect(choose('... <tool_call>\n{"name": ...', 'deepseek_v4')).toBe('hermes')
    expect(choose('<|header_start|>user', 'llama4')).toBe('llama-4-pythonic')
    expect(choose('<|header_start|> {"name": ..., "parameters": ...}', 'llama4')).toBe('llama-4-json')
  })

  it('is told by tokens where there is no template', () => {
    expect(choose(undefined, 'mistral', ['[TOOL_CALLS]'])).toBe('mistral')
  })
})

const FOLDER = fileURLToPath(new URL('../../../shared/real/templates/', import.meta.url))
const present = existsSync(FOLDER)
if (!present) console.log(`skipped: dialects of published templates, since ${FOLDER} is absent`)

describe.skipIf(!present)('of published templates', () => {
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
    ['Mistral-Small-3.2-24B-Instruct-2506', 'mistral'],
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
    expect(choose(readFileSync(`${FOLDER}${file}.jinja`, 'utf8'))).toBe(name)
  })
})
