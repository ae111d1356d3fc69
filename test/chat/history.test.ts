import { expect, it } from 'vitest'
import { hermes, lfm2, think } from '../../src/chat/dialects/families.js'
import type { ChatMessage } from '../../src/chat/message.js'
import { withTools } from '../../src/chat/rendering/tools.js'
import { jinjaTemplate } from '../../src/chat/template.js'

const call = (id: string, city: string) => ({
  id,
  type: 'function' as const,
  function: { name: 'weather', arguments: JSON.stringify({ city, exact: true }) },
})
const asked: ChatMessage = { role: 'user', content: 'Oslo?' }
const calling: ChatMessage = { role: 'assistant', content: '', tool_calls: [call('a', 'Oslo')] }
const answered: ChatMessage = { role: 'tool', tool_call_id: 'a', content: 'cold' }
const both: readonly ChatMessage[] = [
  asked,
  { role: 'assistant', content: 'Both.', tool_calls: [call('a', 'Oslo'), call('b', 'Rome')] },
  answered,
  { role: 'tool', tool_call_id: 'b', content: 'warm' },
]

/** The prompt, and what was warned of. */
function rendering(source: string, messages: readonly ChatMessage[], dialect = hermes) {
  const warnings: string[] = []
  const template = withTools(jinjaTemplate(source, {}, 'test'), dialect, 'test', (text) => warnings.push(text))
  return { prompt: template.render(messages), warnings }
}

const CALLS = '{% for c in m.tool_calls %}[{{ c.function.arguments | tojson }}]{% endfor %}'
const loop = (turn: string): string => `{% for m in messages %}${turn};{% endfor %}`

it('what a template writes is left as it is', () => {
  const source = loop(`{{ m.role }}:{{ m.content }}${CALLS}`)
  const whole = jinjaTemplate(source, {}, 'test').render(both)
  expect(rendering(source, both)).toEqual({ prompt: whole, warnings: [] })
})

it('calls next to empty content are given to a template that wants null there', () => {
  const source = loop(`{% if m.content is none %}${CALLS}{% else %}{{ m.content }}{% endif %}`)
  expect(rendering(source, [asked, calling, answered])).toEqual({
    prompt: 'Oslo?;[{"city": "Oslo", "exact": true}];cold;',
    warnings: [],
  })
})

it('a template that writes one call of a turn gets a turn for each, with its answer after it', () => {
  const source = loop(
    '{{ m.content }}{% if m.tool_calls %}[{{ m.tool_calls[0].function.arguments.values() | join }}]{% endif %}',
  )
  expect(rendering(source, both)).toEqual({ prompt: 'Oslo?;Both.[OsloTrue];cold;[RomeTrue];warm;', warnings: [] })
})

it('a template that refuses two calls of a turn gets a turn for each', () => {
  const one = '{% if m.tool_calls | length > 1 %}{{ raise_exception("one call at once") }}{% endif %}'
  expect(rendering(loop(`${one}{{ m.content }}${CALLS}`), both)).toEqual({
    prompt: 'Oslo?;Both.[{"city": "Oslo", "exact": true}];cold;[{"city": "Rome", "exact": true}];warm;',
    warnings: [],
  })
  const refusing = loop('{% if m.tool_calls %}{{ raise_exception("no calls") }}{% endif %}{{ m.content }}')
  expect(() => rendering(refusing, both)).toThrow(/no calls/)
})

it.each([
  [
    'as the model writes them',
    hermes,
    '<tool_call>\n{"name": "weather", "arguments": {"city":"Oslo","exact":true}}\n</tool_call>',
  ],
  ['in Python', lfm2, '<|tool_call_start|>[weather(city="Oslo", exact=True)]<|tool_call_end|>'],
  ['as JSON where nobody knows how', think, '{"name": "weather", "arguments": {"city":"Oslo","exact":true}}'],
] as const)('a template without calls gets them as text, %s', (_, dialect, text) => {
  const { prompt, warnings } = rendering(loop('{{ m.content }}'), [asked, calling, answered], dialect)
  expect(prompt).toBe(`Oslo?;${text};cold;`)
  expect(warnings).toEqual([expect.stringContaining('leaves out calls')])
})

it("answers are the user's where a template knows no tools", () => {
  const source = loop("{% if m.role in ['user', 'assistant'] %}{{ m.role }}:{{ m.content }}{% endif %}")
  expect(rendering(source, [asked, calling, answered]).prompt).toContain(';user:The tool weather answered:\ncold;')
})

it('several answers are one turn of the user, where turns have to alternate', () => {
  const source = loop(
    "{% if m.role not in ['user', 'assistant'] or (m.role == 'user') != loop.index is odd %}{{ raise_exception('roles') }}{% endif %}{{ m.role }}:{{ m.content }}",
  )
  const answers = ['cold', 'warm'].map((text) => `The tool weather answered:\n${text}`)
  expect(rendering(source, both, think).prompt).toContain(`;user:${answers.join('\n\n')};`)
})
