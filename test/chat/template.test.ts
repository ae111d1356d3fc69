import { afterEach, describe, expect, it, vi } from 'vitest'
import type { ChatMessage } from '../../src/chat/message.js'
import { jinjaTemplate, loadChatTemplate } from '../../src/chat/template.js'
import { UserError } from '../../src/errors.js'
import { fakeCheckpoint, jsonFiles } from '../tokenizer/vocabularies.js'

const user: ChatMessage = { role: 'user', content: 'hi' }

function render(source: string, message: ChatMessage = user, options = {}, tokens = {}): string {
  return jinjaTemplate(source, tokens, 'test').render([message], options)
}

afterEach(() => vi.useRealTimers())

describe('the file of a template', () => {
  const load = async (config: object): Promise<string | undefined> => {
    const files = jsonFiles({ 'tokenizer_config.json': config })
    return (await loadChatTemplate(fakeCheckpoint(files, { model_type: 'llama' })))?.render([user])
  }

  it('is a string of the config', async () => {
    expect(await load({ chat_template: '[{{ messages[0].content }}]' })).toBe('[hi]')
    expect(await load({})).toBeUndefined()
  })

  it('is the default of several, or the first', async () => {
    const several = ['tool_use', 'default', 'rag'].map((name) => ({ name, template: name }))
    expect(await load({ chat_template: several })).toBe('default')
    expect(await load({ chat_template: several.filter(({ name }) => name !== 'default') })).toBe('tool_use')
    expect(await load({ chat_template: [] })).toBeUndefined()
  })

  it('names special tokens as strings or as objects', async () => {
    const tokens = { bos_token: '<s>', eos_token: { content: '</s>' }, pad_token: null, unk_token: { content: 3 } }
    expect(
      await load({ chat_template: '{{ bos_token }}{{ eos_token }}{{ pad_token }}{{ unk_token }}', ...tokens }),
    ).toBe('<s></s>')
  })
})

describe('what a template gets', () => {
  it('ends with the place of the answer unless told otherwise', () => {
    const source = '{% if add_generation_prompt %}yes{% else %}no{% endif %}'
    expect(render(source)).toBe('yes')
    expect(render(source, user, { addGenerationPrompt: true })).toBe('yes')
    expect(render(source, user, { addGenerationPrompt: false })).toBe('no')
  })

  it('none for tools where there are none', () => {
    expect(render('{{ tools is none }}')).toBe('true')
    const tool = { type: 'function', function: { name: 'f' } }
    expect(render('{{ tools[0].function.name }}', user, { tools: [tool] })).toBe('f')
  })

  it('further variables, which count before its own', () => {
    expect(render('{{ x }}{{ add_generation_prompt }}', user, { extra: { x: 1, add_generation_prompt: 'b' } })).toBe(
      '1b',
    )
  })

  it('one wish to think under both names, of which what was said counts', () => {
    const both = '{{ thinking }} {{ enable_thinking }}'
    expect(render(both, user, { extra: { thinking: true } })).toBe('true true')
    expect(render(both, user, { extra: { enable_thinking: false } })).toBe('false false')
    expect(render(both, user, { extra: { enable_thinking: false, thinking: true } })).toBe('true false')
    expect(render('{{ thinking is defined }}', user, { extra: { other: 1 } })).toBe('false')
  })

  it('names of Python for true, false and none', () => {
    expect(render('{{ True }} {{ False }} {{ None is none }} {{ true }} {{ false }} {{ none is none }}')).toBe(
      'true false true true false true',
    )
  })

  it('its own special tokens, and its source to tell the dialect', () => {
    expect(render('{{ bos_token }}x', user, {}, { bos_token: '<s>' })).toBe('<s>x')
    expect(jinjaTemplate('abc', {}, 'test').source).toBe('abc')
  })

  it('blocks without the line that they stand on', () => {
    expect(render('a\n  {% if true %}\nb\n  {% endif %}\nc')).toBe('a\nb\nc')
  })
})

describe('a message', () => {
  const calling: ChatMessage = {
    role: 'assistant',
    content: null,
    reasoning_content: 'hm',
    tool_calls: [{ id: 'i', function: { name: 'f', arguments: '{"a": [1]}' } }],
  }

  it('has arguments as an object, or as the text that is no JSON', () => {
    const source = '{{ messages[0].tool_calls[0].function.arguments | tojson }}'
    expect(render(source, calling)).toBe('{"a": [1]}')
    const broken = { ...calling, tool_calls: [{ function: { name: 'f', arguments: '{broken' } }] }
    expect(render(source, broken)).toBe('"{broken"')
    expect(render('{{ messages[0].tool_calls[0].type }}{{ messages[0].tool_calls[0].id }}', calling)).toBe('functioni')
    expect(render('{{ messages[0].tool_calls is defined }}')).toBe('false')
  })

  it('has no keys without a value', () => {
    expect(render('{{ messages[0] | tojson }}', { ...user, name: undefined })).toBe('{"role": "user", "content": "hi"}')
  })

  it('without content is empty, unless the template asks for none', () => {
    expect(render('[{{ messages[0].content }}]', calling)).toBe('[]')
    expect(render('{% set m = messages[0] %}{{ m.content is none }}', calling)).toBe('true')
    expect(render('{% set m = messages[0] %}{{ m.content is not none }}', calling)).toBe('false')
  })

  it('of a developer is one of the system, unless the template knows developers', () => {
    const developer: ChatMessage = { role: 'developer', content: 'x' }
    expect(render('{{ messages[0].role }}', developer)).toBe('system')
    expect(render('{# developer #}{{ messages[0].role }}', developer)).toBe('developer')
    expect(render('{{ messages[0].role }}')).toBe('user')
  })

  it('has its thought under `thinking` where the template looks there, but not beside a text before a call', () => {
    const source = '{% set message = messages[0] %}{{ message.thinking }}'
    expect(render(source, calling)).toBe('hm')
    expect(render(source, { ...calling, content: 'text' })).toBe('')
    expect(render(source, { role: 'assistant', content: 'text', reasoning_content: 'hm' })).toBe('hm')
    expect(render('{{ messages[0].thinking is defined }}', calling)).toBe('false')
  })
})

describe('functions of transformers', () => {
  it.each([
    ['range(3)', '012'],
    ['range(1, 4)', '123'],
    ['range(5, 0, -2)', '531'],
    ['range(0, 5, 2)', '024'],
    ['range(3, 1)', ''],
    ['range(0)', ''],
  ])('%s', (call, expected) => {
    expect(render(`{% for a in ${call} %}{{ a }}{% endfor %}`)).toBe(expected)
  })

  it('range() of too many numbers, or of steps of nothing, is refused', () => {
    expect(render('{{ range(100000) | length }}')).toBe('100000')
    expect(() => render('{{ range(100001) | length }}')).toThrow(/range\(\) of 100001 numbers/)
    expect(() => render('{{ range(0, 5, 0) }}')).toThrow(/step must not be zero/)
  })

  it('a date in the directives that templates use', () => {
    vi.useFakeTimers({ now: new Date(2026, 2, 5, 7, 8, 9) })
    expect(render("{{ strftime_now('%Y-%m-%d %H:%M:%S') }}")).toBe('2026-03-05 07:08:09')
    expect(render("{{ strftime_now('%a %A %b %B %% %q') }}")).toBe('Thu Thursday Mar March % %q')
  })

  it("a template's own refusal is told with its words and where", () => {
    const refusal = (): string => render("{{ raise_exception('roles must alternate') }}")
    expect(refusal).toThrow(UserError)
    expect(refusal).toThrow(/^test: .*roles must alternate/)
    expect(() => jinjaTemplate('{% for', {}, 'where')).toThrow(/^where: /)
  })
})
