import { describe, expect, it } from 'vitest'
import { loadChatTemplate } from '../../src/chat/template.js'
import type { ChatMessage, ToolDefinition } from '../../src/chat/message.js'
import { deepseekV32Prompt } from '../../src/chat/prompts/deepseek-v32.js'
import { deepseekV41Prompt, deepseekV4Prompt } from '../../src/chat/prompts/deepseek-v4.js'
import { kimiK3Prompt } from '../../src/chat/prompts/kimi-k3.js'
import { pythonJson } from '../../src/chat/prompts/python-json.js'
import { UserError } from '../../src/errors.js'
import { fakeCheckpoint } from '../tokenizer/vocabularies.js'

const BOS = '<｜begin▁of▁sentence｜>'
const EOS = '<｜end▁of▁sentence｜>'
const TOOLS: ToolDefinition[] = [
  {
    type: 'function',
    function: { name: 'add', parameters: { type: 'object', properties: { a: { type: 'number' } } } },
  },
]
const call = (id: string, args: string, name = 'add'): NonNullable<ChatMessage['tool_calls']>[number] => ({
  id,
  type: 'function',
  function: { name, arguments: args },
})
const user = (content: string): ChatMessage => ({ role: 'user', content })
const THINK = { extra: { thinking: true } }

describe('DeepSeek V3.2', () => {
  it('opens a thought, or closes it at once', () => {
    const messages: ChatMessage[] = [{ role: 'system', content: 'Be brief.' }, user('1?')]
    expect(deepseekV32Prompt.render(messages)).toBe(`${BOS}Be brief.<｜User｜>1?<｜Assistant｜></think>`)
    expect(deepseekV32Prompt.render(messages, THINK)).toBe(`${BOS}Be brief.<｜User｜>1?<｜Assistant｜><think>`)
    expect(deepseekV32Prompt.render([user('1?')], { ...THINK, addGenerationPrompt: false })).toBe(`${BOS}<｜User｜>1?`)
  })

  it('keeps thoughts only after the last question, and writes calls and results', () => {
    const messages: ChatMessage[] = [
      user('1?'),
      { role: 'assistant', content: 'One.', reasoning_content: 'old' },
      user('2?'),
      {
        role: 'assistant',
        content: '',
        reasoning_content: 'new',
        tool_calls: [call('x', '{"a": [1], "b": "t"}'), call('y', '')],
      },
      { role: 'tool', content: 'second', tool_call_id: 'y' },
      { role: 'tool', content: 'first', tool_call_id: 'x' },
    ]
    expect(deepseekV32Prompt.render(messages, THINK)).toBe(
      `${BOS}<｜User｜>1?<｜Assistant｜></think>One.${EOS}<｜User｜>2?<｜Assistant｜><think>new</think>` +
        '\n\n<｜DSML｜function_calls>\n<｜DSML｜invoke name="add">\n' +
        '<｜DSML｜parameter name="a" string="false">[1]</｜DSML｜parameter>\n' +
        '<｜DSML｜parameter name="b" string="true">t</｜DSML｜parameter>\n</｜DSML｜invoke>\n' +
        `<｜DSML｜invoke name="add">\n\n</｜DSML｜invoke>\n</｜DSML｜function_calls>${EOS}` +
        '\n\n<function_results>\n<result>first</result>\n<result>second</result>\n</function_results>\n\n<think>',
    )
  })

  it('lists tools after the system text', () => {
    const text = deepseekV32Prompt.render([user('1?')], { tools: TOOLS })
    expect(text.startsWith(`${BOS}\n\n## Tools\n\nYou have access`)).toBe(true)
    expect(text).toContain('<functions>\n{"name": "add", "parameters": {"type": "object", ')
    expect(text).toContain('</functions>\n<｜User｜>1?')
  })

  it('refuses a result without a call, and arguments that are no object', () => {
    expect(() => deepseekV32Prompt.render([user('1?'), { role: 'tool', content: 'x' }])).toThrow(UserError)
    const bad: ChatMessage = { role: 'assistant', content: null, tool_calls: [call('x', '[1]')] }
    expect(() => deepseekV32Prompt.render([user('1?'), bad])).toThrow(/expected a JSON object/)
  })
})

describe('DeepSeek V4', () => {
  it('puts results into the user turn, in the order of the calls', () => {
    const messages: ChatMessage[] = [
      user('1?'),
      { role: 'assistant', content: null, tool_calls: [call('x', '{"a":1}'), call('y', '{}')] },
      { role: 'tool', content: 'second', tool_call_id: 'y' },
      { role: 'tool', content: 'first', tool_call_id: 'x' },
      user('And?'),
    ]
    expect(deepseekV4Prompt.render(messages)).toBe(
      `${BOS}<｜User｜>1?<｜Assistant｜></think>\n\n<｜DSML｜tool_calls>\n<｜DSML｜invoke name="add">\n` +
        '<｜DSML｜parameter name="a" string="false">1</｜DSML｜parameter>\n</｜DSML｜invoke>\n' +
        `<｜DSML｜invoke name="add">\n\n</｜DSML｜invoke>\n</｜DSML｜tool_calls>${EOS}` +
        '<｜User｜><tool_result>first</tool_result>\n\n<tool_result>second</tool_result>\n\nAnd?<｜Assistant｜></think>',
    )
  })

  it('drops old thoughts unless there are tools', () => {
    const messages: ChatMessage[] = [
      user('1?'),
      { role: 'assistant', content: 'One.', reasoning_content: 'old' },
      user('2?'),
    ]
    expect(deepseekV4Prompt.render(messages, THINK)).toBe(
      `${BOS}<｜User｜>1?<｜Assistant｜></think>One.${EOS}<｜User｜>2?<｜Assistant｜><think>`,
    )
    expect(deepseekV4Prompt.render(messages, { ...THINK, tools: TOOLS })).toContain('<think>old</think>One.')
  })

  it('knows three efforts, and refuses others', () => {
    const render = (effort: string): string =>
      deepseekV4Prompt.render([user('1?')], { extra: { thinking: true, reasoning_effort: effort } })
    expect(render('low')).toBe(`${BOS}<｜User｜>1?<｜Assistant｜><think>`)
    expect(render('max')).toMatch(/^<｜begin▁of▁sentence｜>Reasoning Effort: Beyond maximum — .*\n\n<｜User｜>1\?/s)
    expect(() => render('medium')).toThrow(/expected one of low, high, max/)
  })

  it('4.1 begins with a token for the system and the effort', () => {
    const messages: ChatMessage[] = [{ role: 'system', content: 'S' }, user('1?')]
    expect(deepseekV41Prompt.render(messages)).toBe(`${BOS}<｜System｜>S<｜User｜>1?<｜Assistant｜></think>`)
    expect(deepseekV41Prompt.render([user('1?')], THINK)).toBe(
      `${BOS}<｜System｜>Reasoning Effort: 75 (range 1-100, the higher the value, the more thorough the reasoning)\n\n<｜User｜>1?<｜Assistant｜><think>`,
    )
    expect(deepseekV41Prompt.render([user('1?')], { tools: TOOLS })).toContain('<｜DSML｜ invoke name="$TOOL_NAME">')
  })
})

describe('Kimi K3', () => {
  const open = (tag: string): string => `<|open|>${tag}<|sep|>`
  const close = (tag: string): string => `<|close|>${tag}<|sep|>`
  const end = `${close('message')}<|end_of_msg|>`

  it('declares tools and effort, and opens the thought', () => {
    const text = kimiK3Prompt.render([user('hi')], { tools: TOOLS })
    expect(text).toBe(
      `${open('message role="system" type="tool-declare"')}# Tools\nHere are the available tools, described in JSONSchema.\n\n` +
        '```json\n[{"function":{"name":"add","parameters":{"properties":{"a":{"type":"number"}},"type":"object"}},"type":"function"}]\n```' +
        end +
        `${open('message role="system" type="thinking-effort"')}\`thinking_effort\` guides on how much to think in your thinking channel ` +
        '(not including the response channel), supported values include `low`, `medium`, `high`, and `max`.\n' +
        `Now the system is invoked with \`thinking_effort=max\`.${end}` +
        `${open('message role="user"')}hi${end}${open('message role="assistant"')}${open('think')}`,
    )
    const quiet = kimiK3Prompt.render([user('hi')], { extra: { enable_thinking: false } })
    expect(quiet).toBe(`${open('message role="user"')}hi${end}${open('message role="assistant"')}${open('response')}`)
  })

  it('writes calls with types, and results with the place of their call', () => {
    const messages: ChatMessage[] = [
      {
        role: 'assistant',
        content: 'c',
        reasoning_content: 'r',
        tool_calls: [call('x', '{"a": 1.5, "b": "s", "c": null, "d": [1, 2], "e": true}'), call('y', '{broken', 'f"&')],
      },
      { role: 'tool', content: 'second', tool_call_id: 'y' },
      { role: 'tool', content: 'first', tool_call_id: 'x' },
    ]
    const argument = (key: string, type: string, value: string): string =>
      `${open(`argument key="${key}" type="${type}"`)}${value}${close('argument')}`
    expect(kimiK3Prompt.render(messages, { extra: { thinking: false }, addGenerationPrompt: false })).toBe(
      `${open('message role="assistant"')}${open('think')}r${close('think')}${open('response')}c${close('response')}${open('tools')}` +
        open('call tool="add" index="1"') +
        argument('a', 'number', '1.5') +
        argument('b', 'string', 's') +
        argument('c', 'null', 'null') +
        argument('d', 'array', '[1, 2]') +
        argument('e', 'boolean', 'true') +
        close('call') +
        `${open('call tool="f&quot;&amp;" index="2"')}${open('json type="object"')}{broken${close('json')}${close('call')}` +
        `${close('tools')}${end}` +
        `${open('message role="tool" tool="add" index="1"')}first${end}` +
        `${open('message role="tool" tool="f&quot;&amp;" index="2"')}second${end}`,
    )
  })

  it('what a user writes is never special', () => {
    const segments = kimiK3Prompt.segments!([user('<|end_of_msg|><|open|>')], {})
    expect(segments.filter(({ text }) => text.includes('<|end_of_msg|><|open|>'))).toEqual([
      { text: '<|end_of_msg|><|open|>', special: false },
    ])
    const written = segments.filter(({ special }) => special).map(({ text }) => text)
    expect(new Set(written)).toEqual(new Set(['<|open|>', '<|close|>', '<|sep|>', '<|end_of_msg|>']))
    // names and each part of an attribute are encoded alone
    const texts = segments.map(({ text }) => text)
    expect(texts.slice(0, 6)).toEqual(['<|open|>', 'message', ' role', '="', 'system', '"'])
  })
})

it.each(['deepseek_v32', 'deepseek_v4', 'deepseek_v41', 'kimi_k3'])(
  '%s without a template has a prompt',
  async (type) => {
    const template = await loadChatTemplate(fakeCheckpoint(undefined, { model_type: type }))
    expect(template?.render([user('hi')])).toContain('hi')
  },
)

it('other models without a template have none', async () => {
  expect(await loadChatTemplate(fakeCheckpoint(undefined, { model_type: 'llama' }))).toBeUndefined()
})

it('JSON is that of Python', () => {
  const value = { b: [1, 'é\n', null], a: { y: true, x: undefined } }
  expect(pythonJson(value)).toBe('{"b": [1, "é\\n", null], "a": {"y": true}}')
  expect(pythonJson(value, { compact: true, sortKeys: true })).toBe('{"a":{"y":true},"b":[1,"é\\n",null]}')
})
