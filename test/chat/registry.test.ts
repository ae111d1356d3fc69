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
