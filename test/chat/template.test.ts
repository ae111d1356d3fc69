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
    expect(await load({ chat_template: '{{ sep_token }}{{ mask_token }}', sep_token: '|', mask_token: '?' })).toBe('|?')
  })

  it("finds special tokens by GGUF's own names of their ids", async () => {
    const ids = { bos_token_id: 0, unknown_token_id: 1, padding_token_id: 2, seperator_token_id: 3, eos_token_id: 9 }
    const vocabulary = new Map<string, unknown>(Object.entries({ tokens: ['<s>', '<unk>', '<pad>', '|'], ...ids }))
    const chatTemplate = '{{ bos_token }}{{ unk_token }}{{ pad_token }}{{ sep_token }}{{ eos_token }}'
    const checkpoint = { ...fakeCheckpoint(), embedded: { vocabulary, chatTemplate } }
    expect((await loadChatTemplate(checkpoint))!.render([user])).toBe('<s><unk><pad>|')
  })
})

describe('names', () => {
  it('may have letters of any script, and signs on letters', () => {
    const source = '{% set naïve = 1 %}{% set été = 2 %}{% set 变量 = 3 %}{% set e\u0301 = 4 %}{% set n2 = 5 %}'
    expect(render(`${source}{{ naïve }}{{ été }}{{ 变量 }}{{ e\u0301 }}{{ n2 }}{{ e }}{{ na }}`)).toBe('12345')
  })

  it.each(['{{ 2x }}', '{{ \u0301e }}'])('are no others: %s', (source) => {
    expect(() => render(source)).toThrow(UserError)
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
    expect(render('{{ tools is none }} {{ documents is none }}')).toBe('True True')
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
    expect(render(both, user, { extra: { thinking: true } })).toBe('True True')
    expect(render(both, user, { extra: { enable_thinking: false } })).toBe('False False')
    expect(render(both, user, { extra: { enable_thinking: false, thinking: true } })).toBe('True False')
    expect(render('{{ thinking is defined }}', user, { extra: { other: 1 } })).toBe('False')
  })

  it('names of Python for true, false and none', () => {
    expect(render('{{ True }} {{ False }} {{ None is none }} {{ true }} {{ false }} {{ none is none }}')).toBe(
      'True False True True False True',
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
    expect(render('{{ messages[0].tool_calls is defined }}')).toBe('False')
  })

  it('has no keys without a value', () => {
    expect(render('{{ messages[0] | tojson }}', { ...user, name: undefined })).toBe('{"role": "user", "content": "hi"}')
  })

  it('has arguments in the order and with the numbers of their text, and none where there is no text', () => {
    const source = '{{ messages[0].tool_calls[0].function.arguments }}'
    const call = (args: string): ChatMessage => ({
      ...calling,
      tool_calls: [{ function: { name: 'f', arguments: args } }],
    })
    expect(render(source, call('{"b": 1.0, "10": 12345678901234567890, "9": [1e3, null, true]}'))).toBe(
      "{'b': 1.0, '10': 12345678901234567890, '9': [1000.0, None, True]}",
    )
    expect(render(source, call(' '))).toBe('{}')
  })

  it('without content is empty, unless the template asks for none', () => {
    expect(render('[{{ messages[0].content }}]', calling)).toBe('[]')
    expect(render('{% set m = messages[0] %}{{ m.content is none }}', calling)).toBe('True')
    expect(render('{% set m = messages[0] %}{{ m.content is not none }}', calling)).toBe('False')
    expect(render("{{ messages[0]['content'] is none }}", calling)).toBe('True')
    // Another name that ends alike asks for something else.
    expect(render('{{ messages[0].reasoning_content is not none }}{{ messages[0].content is string }}', calling)).toBe(
      'TrueTrue',
    )
  })

  it('without content is empty after all where none would fail or be printed', () => {
    const asks = '{% set m = messages[0] %}{% if m.content is none and not m.tool_calls %}x{% endif %}'
    expect(render(`${asks}[{{ m.content | length }}]`, calling)).toBe('[0]')
    expect(render(`${asks}[{{ m.content }}]`, calling)).toBe('[]')
  })

  it('of a developer is one of the system, unless the template writes what developers say', () => {
    const developer: ChatMessage = { role: 'developer', content: 'x' }
    const role = '{{ messages[0].role }}'
    expect(render(role, developer)).toBe('system')
    expect(render(`{# developer #}${role}`, developer)).toBe('system')
    const writes =
      "{% for m in messages if m.role in ['developer', 'user'] %}{{ m.role }}: {{ m.content }};{% endfor %}"
    expect(render(writes, developer)).toBe('developer: x;')
    const refuses =
      "{% if messages[0].role == 'developer' %}{{ raise_exception('who?') }}{% endif %}{{ messages[0].role }}"
    expect(render(refuses, developer)).toBe('system')
    expect(render(role)).toBe('user')
  })

  it('has its thought under every name that a template looks for', () => {
    const source = '{% set m = messages[0] %}{{ m.thinking }} {{ m.reasoning_content }} {{ m.reasoning }}'
    expect(render(source, calling)).toBe('hm hm hm')
    expect(
      render('{{ messages[0] | list | join(",") }}', { role: 'assistant', content: '', reasoning_content: 'a' }),
    ).toBe('thinking,role,content,reasoning_content')
    expect(render('{{ messages[0].thinking is defined }}')).toBe('False')
  })

  it('has no thought next to a text before a call where the template refuses both', () => {
    const both = "{% set m = messages[0] %}{% if m.content and m.thinking %}{{ raise_exception('both') }}{% endif %}"
    expect(render(`${both}{{ m.content }}{{ m.thinking }}`, { ...calling, content: 'text' })).toBe('text')
    expect(render('{{ messages[0].content }} {{ messages[0].thinking }}', { ...calling, content: 'text' })).toBe(
      'text hm',
    )
    expect(() => render(both, { role: 'assistant', content: 'text', reasoning_content: 'a' })).toThrow('both')
  })
})

describe('what a template cannot do with a conversation as it is', () => {
  const calling: ChatMessage = {
    role: 'assistant',
    content: '',
    tool_calls: [{ id: 'i', function: { name: 'f', arguments: '{"a": [1]}' } }],
  }

  it('is done with arguments as text, where it writes them as a text', () => {
    expect(render("{{ 'json: ' + messages[0].tool_calls[0].function.arguments }}", calling)).toBe('json: {"a": [1]}')
  })

  it('is done with empty descriptions and parameters, where it needs them', () => {
    const source =
      "{{ tools[0].function.description + '.' }}{{ tools[0].function.parameters.properties.items() | list }}"
    const bare = { type: 'function', function: { name: 'f' } }
    expect(render(source, user, { tools: [bare] })).toBe('.[]')
    expect(render('{{ tools | tojson }}', user, { tools: [bare] })).toBe(
      '[{"type": "function", "function": {"name": "f"}}]',
    )
  })

  it('is done with lists that grow and generators that are lists, where it was only tried elsewhere', () => {
    expect(render('{% set all = [] %}{% set _ = all.append(1) %}{{ all }}{{ all.pop(0) }}{{ all }}')).toBe('[1]1[]')
    expect(render("{{ messages | map(attribute='role') | tojson }}")).toBe('["user"]')
    expect(() => render('{{ {}.update({}) }}')).toThrow(/'update' of 'dict' object is unsafe/)
    expect(() => render('{{ l.append(1) }}', user, { extra: { l: [] } })).toThrow(/'append' of 'list' object is unsafe/)
  })

  it('is told as what it failed with first', () => {
    expect(() => render('{{ messages[0].tool_calls[0].nothing + 1 }}', calling)).toThrow(
      "test: the chat template failed, as it does in Python: 'dict object' has no attribute 'nothing'; try other messages",
    )
  })
})

describe('a limit', () => {
  const stopped = (source: string): string => {
    try {
      return render(source)
    } catch (error) {
      return error instanceof UserError ? error.message : String(error)
    }
  }

  it('stops a template that makes more than any conversation needs, and does not blame the messages', () => {
    expect(stopped("{{ 'x' * 10 ** 9 }}")).toMatch(
      /^test: the chat template was stopped: a text of 1000000000 .*; try complete/,
    )
    expect(stopped('{{ [0] * 10 ** 9 }}')).toMatch(
      /stopped: it has not ended after more work than any conversation needs/,
    )
    expect(stopped('{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}')).toMatch(/stopped: its calls go deeper/)
    expect(stopped(`{{ ${'['.repeat(1000)}${']'.repeat(1000)} }}`)).toMatch(/no Jinja: line 1: .*too deep/)
  })

  it('grows with the conversation: a template may look back from each message', () => {
    const pair = '{% if a.content == b.role or a.role == b.content %}x{% endif %}'
    const source = `{% for a in messages %}{% for b in messages %}${pair}{% endfor %}{% endfor %}`
    const many = Array.from({ length: 500 }, () => user)
    expect(jinjaTemplate(source, {}, 'test').render(many)).toBe('')
    expect(stopped(source.replaceAll('messages', 'range(900)'))).toMatch(/stopped/)
  })

  it('of the text grows with the conversation too', () => {
    const source = "{{ 'x' * 3000000 }}"
    expect(stopped(source)).toMatch(/stopped: a text of 3000000 characters; this conversation needs at most/)
    const long = { role: 'user', content: 'y'.repeat(200_000) } as const
    expect(jinjaTemplate(source, {}, 'test').render([long])).toHaveLength(3_000_000)
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
    expect(render("{{ strftime_now('%-d %e %j %F %y %I %p %V %T|%_H|%^a') }}")).toBe(
      '5  5 064 2026-03-05 26 07 AM 10 07:08:09| 7|THU',
    )
  })

  it("a template's own refusal is told with its words and where", () => {
    const refusal = (): string => render("{{ raise_exception('roles must alternate') }}")
    expect(refusal).toThrow(UserError)
    expect(refusal).toThrow(/^test: .*roles must alternate/)
    expect(() => jinjaTemplate('{% for', {}, 'where')).toThrow(/^where: the chat template is no Jinja: line 1: /)
    expect(() => render('{{ lipsum() }}')).toThrow(/lipsum.*not supported here; the messages are right; try complete/)
  })
})
