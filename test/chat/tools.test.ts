import { describe, expect, it } from 'vitest'
import { hermes } from '../../src/chat/dialects/families.js'
import { chooseDialect } from '../../src/chat/dialects/registry.js'
import type { ChatMessage, ToolDefinition } from '../../src/chat/message.js'
import type { RenderOptions } from '../../src/chat/prompt.js'
import { withTools } from '../../src/chat/rendering/tools.js'
import { jinjaTemplate } from '../../src/chat/template.js'

const turns = '{% for m in messages %}{{ m.role }}: {{ m.content }};{% endfor %}'
const user: ChatMessage = { role: 'user', content: 'hi' }
const tools: ToolDefinition[] = [{ type: 'function', function: { name: 'ring', description: 'Rings' } }]

/** What becomes of a template's text, and what was warned of. */
function rendering(source: string, dialect = hermes) {
  const warnings: string[] = []
  const template = withTools(jinjaTemplate(source, {}, 'test'), dialect, 'test', (text) => warnings.push(text))
  const render = (messages: readonly ChatMessage[], options: RenderOptions = { tools }): string =>
    template.render(messages, options)
  return { render, warnings }
}

describe('tools are never dropped', () => {
  it('a template with a place for them gets them as they are', () => {
    const { render, warnings } = rendering(`${turns}{{ tools | tojson }}`)
    expect(render([user])).toBe(`user: hi;[{"type": "function", "function": {"name": "ring", "description": "Rings"}}]`)
    expect(warnings).toEqual([])
  })

  it('a template that looks for them under another name gets them there', () => {
    expect(rendering(`{% for t in xml_tools or [] %}{{ t.function.name }}{% endfor %}`).render([user])).toBe('ring')
    expect(rendering(`{{ functions + datetime[10:12] }}`).render([user])).toMatch(
      /^\[\n {4}\{\n[^]* "name": "ring"[^]* \d$/,
    )
  })

  it('a template without a place has them in front, in the system message, with one warning', () => {
    const { render, warnings } = rendering(turns)
    const text = `You may call these tools:\n${JSON.stringify(tools[0]).replaceAll('":', '": ').replaceAll(',"', ', "')}`
    expect(render([user])).toContain(`system: ${text}\n\nA call is written like this:\n`)
    expect(render([{ role: 'system', content: 'Be kind.' }, user])).toContain(`system: Be kind.\n\n${text}`)
    expect(warnings).toEqual([expect.stringMatching(/^kaiyuan: the chat template of test has no place for tools/)])
    expect(render([user], {})).toBe('user: hi;')
  })

  it('stand in a message of the user where the system has no place, and are told to be without a format', () => {
    const think = chooseDialect({ template: '', modelType: '', hasToken: () => false })
    const { render, warnings } = rendering('{{ messages[-1].content }}', think)
    expect(render([{ role: 'system', content: 'Be kind.' }, user])).toMatch(
      /^You may call these tools:\n.*"ring".*\n\nhi$/,
    )
    expect(warnings[0]).toContain('its calls come as text')
    const strict = rendering(`{% if messages[0].role == 'system' %}{{ raise_exception('no') }}{% endif %}${turns}`)
    expect(strict.render([user])).toMatch(/^user: You may call[^]*\n\nhi;$/)
  })

  it('are refused where nothing that is said gets into the prompt', () => {
    expect(() => rendering('{{ messages | length }}').render([user])).toThrow(
      'the chat template of test has no place for tools, nor for a text in front of the conversation; try a model that',
    )
    expect(() => rendering("{{ raise_exception('never') }}").render([user])).toThrow('never')
  })
})
