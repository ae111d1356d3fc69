import { describe, expect, it } from 'vitest'
import { loadChatTemplate } from '../../src/chat/template.js'
import type { ToolDefinition } from '../../src/chat/message.js'
import { fakeCheckpoint, jsonFiles } from '../tokenizer/vocabularies.js'
import { memoryFiles } from '../../src/checkpoint/files/memory.js'
import { refusal } from '../models/refusal.js'

const TOOLS = [{ type: 'function', function: { name: 'f' } }] as unknown as ToolDefinition[]

/** What the templates of some files make of one message, without tools and with one. */
async function rendered(files: Record<string, unknown>): Promise<string[] | undefined> {
  const text = new TextEncoder()
  const bytes = Object.entries(files).map(([name, value]) => [
    name,
    text.encode(typeof value === 'string' ? value : JSON.stringify(value)),
  ])
  const checkpoint = fakeCheckpoint(memoryFiles('model', Object.fromEntries(bytes) as Record<string, Uint8Array>))
  const template = await loadChatTemplate(checkpoint)
  const messages = [{ role: 'user', content: 'hi' }] as const
  return template && [template.render(messages), template.render(messages, { tools: TOOLS })]
}

const both = [
  { name: 'default', template: 'D{{ messages[0].content }}' },
  { name: 'tool_use', template: 'T{{ tools[0].function.name }}' },
]

describe('where a chat template lies', () => {
  it('in the file, then in the config, then in the file of a processor', async () => {
    const config = { 'tokenizer_config.json': { chat_template: 'config' } }
    const processor = { 'chat_template.json': { chat_template: 'processor' } }
    expect(await rendered({ 'chat_template.jinja': 'file', ...config, ...processor })).toEqual(['file', 'file'])
    expect(await rendered({ ...config, ...processor })).toEqual(['config', 'config'])
    expect(await rendered(processor)).toEqual(['processor', 'processor'])
    expect(await rendered({ 'tokenizer_config.json': { chat_template: null } })).toBeUndefined()
  })

  it('of several with names, tool_use is for tools', async () => {
    expect(await rendered({ 'tokenizer_config.json': { chat_template: both } })).toEqual(['Dhi', 'Tf'])
    const named = { default: 'D', tool_use: 'T' }
    expect(await rendered({ 'chat_template.json': { chat_template: named } })).toEqual(['D', 'T'])
    expect(await rendered({ 'chat_template.jinja': 'D', 'additional_chat_templates/tool_use.jinja': 'T' })).toEqual([
      'D',
      'T',
    ])
    expect(await rendered({ 'tokenizer_config.json': { chat_template: both.slice(0, 1) } })).toEqual(['Dhi', 'Dhi'])
  })

  it.each([[[null]], [[{ name: 'default' }]], [7], [{ default: 7 }]])('%j is none', async (chat_template) => {
    const files = jsonFiles({ 'tokenizer_config.json': { chat_template } })
    const error = await refusal(loadChatTemplate(fakeCheckpoint(files)))
    expect(error.code).toBe('invalid_template')
    expect(error.message).toMatch(/tokenizer_config\.json: chat_template: expected a template, or a list of templates/)
  })
})
