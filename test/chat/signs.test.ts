import { describe, expect, it } from 'vitest'
import { chooseDialect } from '../../src/chat/dialects/registry.js'

const choose = (template: string | undefined, modelType = '', tokens: string[] = []): string =>
  chooseDialect({ template, modelType, hasToken: (token) => tokens.includes(token) }).name

/** Of each family, the words of its template that tell it. */
const SIGNS: [name: string, ...words: string[]][] = [
  ['harmony', '<|channel|>', '<|message|>'],
  ['muse', '<atem:function_calls>'],
  ['solar', '<|tool_call:begin|>'],
  ['kimi-k3', '<|open|>', '<|sep|>'],
  ['kimi-k2', '<|tool_calls_section_begin|>'],
  ['kimi-k2', '<|im_middle|>'],
  ['dsml-v4.1', '<｜DSML｜ calls>'],
  ['dsml-v3.2', '<｜DSML｜function_calls>'],
  ['dsml-v4', '<｜DSML｜tool_calls>'],
  ['minimax-m3', ']<]minimax[>['],
  ['minimax-m2', '<minimax:tool_call>'],
  ['minimax-m1', '<tool_calls>\\n', '<beginning_of_sentence>'],
  ['apriel', '<tool_calls>', '[BEGIN FINAL RESPONSE]'],
  ['gemma-4', '<|tool_call>'],
  ['longcat', '<longcat_tool_call>'],
  ['hy-3', '<tool_sep{}>', '<arg_key{}>'],
  ['glm-4.5', '<arg_key>k</arg_key>\n<arg_value>'],
  ['glm-4.5', '<arg_key>k</arg_key>\\n<arg_value>'],
  ['glm-4.7', '<arg_key>k</arg_key><arg_value>'],
  ['seed', '<seed:tool_call>'],
  ['qwen-xml', '<tool_call>', '<function=', '<parameter='],
  ['functionary-3.1', '<|start_header_id|>', '<function=', '</function>'],
  ['functionary-3.2', '>>>all'],
  ['minicpm-5', '<function name="', '<param name="'],
  ['deepseek-v3', '<｜tool▁calls▁begin｜>', '```json'],
  ['deepseek-v3.1', '<｜tool▁calls▁begin｜>'],
  ['mistral-id', '[TOOL_CALLS]', '[CALL_ID]'],
  ['mistral', '[TOOL_CALLS]', '[ARGS]'],
  ['mistral-list', '[TOOL_CALLS]'],
  ['mistral', '[THINK]'],
  ['nemotron-v2', '<TOOLCALL>'],
  ['apertus', '<|tools_prefix|>'],
  ['command-r7b', '<|START_ACTION|>', '<|START_RESPONSE|>'],
  ['cohere-2-moe', '<|START_ACTION|>'],
  ['command-r-plus', 'Action:', '"tool_name"'],
  ['gigachat-3.1', '<|function_call|>', '<|role_sep|>'],
  ['gigachat-3', 'function call', '<|role_sep|>'],
  ['lfm-2', '<|tool_call_start|>'],
  ['lfm-2', '<|tool_list_start|>'],
  ['lfm-2', '"List of tools: ["'],
  ['granite-3.3', '<|tool_call|>', '<|start_of_role|>'],
  ['firefunction', 'functools['],
  ['hermes', '<tool_call>'],
  ['llama-4-json', '<|header_start|>', '"parameters"'],
  ['llama-4-pythonic', '<|header_start|>'],
  ['llama-3', '<|start_header_id|>', 'ipython'],
]

describe('the words of a template', () => {
  it.each(SIGNS)('tell %s', (name, ...words) => {
    expect(choose(`before ${words.join(' between ')} after`)).toBe(name)
    expect(choose(`before ${[...words].reverse().join(' between ')} after`)).toBe(name)
  })

  it.each(SIGNS.filter(([, ...words]) => words.length > 1))('tell %s only together', (name, ...words) => {
    for (const word of words.slice(1)) expect(choose(words.filter((other) => other !== word).join(' '))).not.toBe(name)
  })

  it('of two families are those of the more particular', () => {
    expect(choose('<tool_call> <arg_key>')).toBe('glm-4.7')
    expect(choose('<tool_call> <minimax:tool_call>')).toBe('minimax-m2')
    expect(choose('[TOOL_CALLS] [THINK]')).toBe('mistral-list')
    expect(choose('<|channel|> <|message|> <tool_call>')).toBe('harmony')
    expect(choose('<|start_header_id|> ipython <tool_call>')).toBe('hermes')
  })

  it('count before the model type and the tokens', () => {
    expect(choose('<tool_call>', 'kimi_k2', ['[TOOL_CALLS]'])).toBe('hermes')
  })
})

describe('where no template tells', () => {
  it.each([
    ['deepseek_v32', 'dsml-v3.2'],
    ['deepseek_v4', 'dsml-v4'],
    ['deepseek_v41', 'dsml-v4.1'],
    ['kimi_k3', 'kimi-k3'],
    ['kimi_k2', 'kimi-k2'],
    ['kimi_k25', 'kimi-k2'],
    ['gpt_oss', 'harmony'],
  ])('the model type %s does', (modelType, name) => {
    expect(choose(undefined, modelType)).toBe(name)
    expect(choose('a template of plain words', modelType)).toBe(name)
    expect(choose(undefined, modelType, ['[TOOL_CALLS]'])).toBe(name)
  })

  it('a token of the vocabulary does, and else there are reasoning tags alone', () => {
    expect(choose(undefined, 'mistral', ['[TOOL_CALLS]'])).toBe('mistral')
    expect(choose(undefined, 'mistral', ['[ARGS]'])).toBe('think')
    expect(choose(undefined, 'llama')).toBe('think')
    expect(choose(undefined, 'toString')).toBe('think')
  })
})
