import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { deepseekV31, hermes, kimiK2, longcat, mistral, qwenXml, think } from '../../src/chat/dialects/families.js'
import { gemma4 } from '../../src/chat/dialects/gemma.js'
import { harmony } from '../../src/chat/dialects/harmony.js'
import { kimiK3 } from '../../src/chat/dialects/kimi-k3.js'
import { llama3, llama4Json, llama4Pythonic } from '../../src/chat/dialects/llama.js'
import { minimaxM3 } from '../../src/chat/dialects/minimax-m3.js'
import { DIALECTS, promptEnd } from './all-dialects.js'
import { ANSWERS, TOOLS, answer, whole } from './answers.js'
import { callsText, type Call } from './written-calls.js'

describe('an answer with reasoning, text and calls', () => {
  const expected = [
    'reasoning: Hm.',
    'text: Let me look.',
    'tool-call: weather {"city": "Paris", "days": 2}',
    'tool-call: add {}',
  ]
  it.each(ANSWERS.map(([dialect, text]) => [dialect.name, dialect, text] as const))('%s', (_, dialect, text) => {
    expect(whole(dialect, text)).toEqual(expected)
    expect(answer(dialect, Array.from(text))).toEqual(expected)
  })

  it('covers every dialect that has both', () => {
    const bare = [think, llama3, llama4Json, llama4Pythonic]
    expect(new Set([...ANSWERS.map(([dialect]) => dialect), ...bare])).toEqual(new Set(DIALECTS))
  })

  it('of Llama is a call or text as a whole, and a call only where there are tools', () => {
    const weather = ['tool-call: weather {"city": "Paris", "days": 2}']
    const json = '{"name": "weather", "parameters": {"city": "Paris", "days": 2}}'
    expect(whole(llama3, json)).toEqual(weather)
    expect(whole(llama3, `<|python_tag|>${json}; {"name": "add", "parameters": {}}`)).toEqual([
      ...weather,
      'tool-call: add {}',
    ])
    expect(whole(llama3, json, { tools: [] })).toEqual([`text: ${json}`])
    expect(whole(llama3, '{"a": 1} is JSON')).toEqual(['text: {"a": 1} is JSON'])
    expect(whole(llama3, '<function=weather>{"city": "Paris", "days": 2}</function>')).toEqual(weather)
    expect(whole(llama3, '<|python_tag|>brave_search.call(query="x")')).toEqual([
      'tool-call: brave_search {"query": "x"}',
    ])
    for (const text of [
      '[weather(city="Paris", days=2)]',
      "<|python_start|>[weather(city='Paris', days=2)]<|python_end|>",
    ])
      expect(whole(llama4Pythonic, text)).toEqual(weather)
    expect(whole(llama4Pythonic, '[weather(city="Pa)ris]", days=2), add()]')).toEqual([
      'tool-call: weather {"city": "Pa)ris]", "days": 2}',
      'tool-call: add {}',
    ])
    expect(whole(llama4Pythonic, '[1, 2] is a list')).toEqual(['text: [1, 2] is a list'])
    expect(whole(llama4Pythonic, 'Hi [x()]')).toEqual(['text: Hi [x()]'])
  })
})

describe('details', () => {
  it('types of raw values come from the schema', () => {
    const call = (key: string, value: string): string =>
      whole(
        qwenXml,
        `<tool_call>\n<function=weather>\n<parameter=${key}>\n${value}\n</parameter>\n</function>\n</tool_call>`,
      )[0]!
    expect(call('city', '75001')).toBe('tool-call: weather {"city": "75001"}')
    expect(call('days', '12345678901234567890')).toBe('tool-call: weather {"days": 12345678901234567890}')
    expect(call('exact', 'True')).toBe('tool-call: weather {"exact": true}')
    expect(call('where', 'null')).toBe('tool-call: weather {"where": null}')
    expect(call('where', 'here')).toBe('tool-call: weather {"where": "here"}')
    expect(call('list', '[1, {"a": 2}]')).toBe('tool-call: weather {"list": [1, {"a": 2}]}')
    expect(call('unit', 'kelvin')).toBe('tool-call: weather {"unit": "kelvin"}')
    expect(call('unknown', '1')).toBe('tool-call: weather {"unknown": "1"}')
    expect(call('__proto__', 'x')).toBe('tool-call: weather {"__proto__": "x"}')
    expect(call('city', '\n two\nlines </function> ')).toBe(
      'tool-call: weather {"city": "\\n two\\nlines </function> "}',
    )
  })

  it('ids are those of the model where it gives them, else new ones', () => {
    const text =
      '<|tool_calls_section_begin|><|tool_call_begin|>functions.a.b:7<|tool_call_argument_begin|>{}<|tool_call_end|><|tool_calls_section_end|>'
    expect(whole(kimiK2, text, { ids: true })).toEqual(['tool-call: 0 functions.a.b:7 a.b {}'])
    expect(whole(mistral, '[TOOL_CALLS]add[CALL_ID]abc[ARGS]{}', { ids: true })).toEqual(['tool-call: 0 abc add {}'])
    expect(whole(mistral, '[TOOL_CALLS]add[ARGS]{}', { ids: true })).toEqual(['tool-call: 0 id0 add {}'])
  })

  it('the prompt may have opened the reasoning', () => {
    expect(whole(hermes, 'Hm.</think>Yes', { prompt: '<think>\n' })).toEqual(['reasoning: Hm.', 'text: Yes'])
    expect(
      whole(kimiK3, 'Hm.<|close|>think<|sep|><|open|>response<|sep|>Yes<|close|>response<|sep|>', {
        prompt: '<|open|>think<|sep|>',
      }),
    ).toEqual(['reasoning: Hm.', 'text: Yes'])
    expect(whole(kimiK3, 'Yes<|close|>response<|sep|>', { prompt: '<|open|>response<|sep|>' })).toEqual(['text: Yes'])
    expect(
      whole(
        kimiK2,
        'Hm.<|tool_calls_section_begin|><|tool_call_begin|>add:0<|tool_call_argument_begin|>{}<|tool_call_end|><|tool_calls_section_end|>',
        { prompt: '<think>' },
      ),
    ).toEqual(['reasoning: Hm.', 'tool-call: add {}'])
  })

  it('says what ends the reasoning that the prompt opened', () => {
    expect(hermes.textStart!('Q<think>\n', false)).toBe('</think>')
    expect(hermes.textStart!('Q', false)).toBeUndefined()
    expect(longcat.textStart!('Q<longcat_think>', false)).toBe('</longcat_think>')
    expect(kimiK3.textStart!('<|open|>think<|sep|>', false)).toBe('<|close|>think<|sep|><|open|>response<|sep|>')
    expect(harmony.textStart!('<|start|>assistant', false)).toBe('<|channel|>final<|message|>')
    expect(DIALECTS.filter((d) => !d.textStart).map((d) => d.name)).toEqual([
      'llama-3',
      'llama-4-json',
      'llama-4-pythonic',
    ])
  })

  it('a call that is cut off, or is none, is text as it was written', () => {
    for (const text of [
      'a \n<tool_call>\n{"name": "add", "arguments": {"a": 1',
      '<tool_call>{"name": 7}</tool_call> and <tool_call> alone',
      '<tool_call>\n{"name": "add", "arguments": [1]}\n</tool_call>',
    ])
      expect(whole(hermes, text)).toEqual([`text: ${text}`])
    expect(whole(deepseekV31, 'x <｜tool▁calls▁begin｜><｜tool▁call▁begin｜>add<｜tool▁sep｜>{"a": }')).toEqual([
      'text: x <｜tool▁calls▁begin｜><｜tool▁call▁begin｜>add<｜tool▁sep｜>{"a": }',
    ])
    expect(whole(gemma4, '<|tool_call>call:add{a:<|"|>x}<tool_call|>')).toEqual([
      'text: <|tool_call>call:add{a:<|"|>x}<tool_call|>',
    ])
  })

  it('a thought may come after text, and a call out of one that is not closed', () => {
    const call = '<tool_call>\n{"name": "add", "arguments": {}}\n</tool_call>'
    expect(whole(hermes, '<think>a</think>Hi<think>b</think>Bye')).toEqual([
      ...['reasoning: a', 'text: Hi'],
      ...['reasoning: b', 'text: Bye'],
    ])
    expect(whole(hermes, `Hm.\n${call}`, { prompt: '<think>\n' })).toEqual(['reasoning: Hm.', 'tool-call: add {}'])
    expect(whole(hermes, `I could write ${call} now.</think>No`, { prompt: '<think>' })).toEqual([
      `reasoning: I could write ${call} now.`,
      'text: No',
    ])
  })

  it('harmony: the last channel of a header counts, and a recipient in any channel', () => {
    expect(whole(harmony, '<|channel|>commentary to=assistant<|channel|>analysis<|message|>a')).toEqual([
      'reasoning: a',
    ])
    expect(whole(harmony, '<|channel|>analysis to=functions.add code<|message|>{}<|call|>')).toEqual([
      'tool-call: add {}',
    ])
  })

  it('text continues after a call', () => {
    const call = '<tool_call>\n{"name": "add", "arguments": {}}\n</tool_call>'
    expect(whole(hermes, `a${call}\nb`)).toEqual(['text: a', 'tool-call: add {}', 'text: b'])
  })

  it("Gemma's notation nests", () => {
    expect(whole(gemma4, '<|tool_call>call:add{a:{b:[1,<|"|>}{<|"|>,true],c:null},d:word}<tool_call|>')).toEqual([
      'tool-call: add {"a": {"b": [1, "}{", true], "c": null}, "d": "word"}',
    ])
  })

  it('M3 nests elements', () => {
    const m = ']<]minimax[>['
    const args = `${m}<a>${m}<item>1${m}</item>${m}<item>${m}<b>x${m}</b>${m}</item>${m}</a>`
    expect(whole(minimaxM3, `${m}<tool_call>${m}<invoke name="add">${args}${m}</invoke>${m}</tool_call>`)).toEqual([
      'tool-call: add {"a": [1, {"b": "x"}]}',
    ])
  })

  it('nesting without end is text, and ends', () => {
    const deep = '['.repeat(50_000)
    expect(whole(llama4Pythonic, `[f(a=${deep}`)).toHaveLength(1)
    expect(whole(gemma4, `<|tool_call>call:f{a:${deep}${']'.repeat(50_000)}}<tool_call|>`)).toHaveLength(1)
    expect(whole(llama4Pythonic, `[f(a=${deep}${']'.repeat(50_000)})]`)).toHaveLength(1)
  })
})

describe('grammars: what the syntax says is what the parser reads', () => {
  const syntaxes = DIALECTS.flatMap((dialect) => {
    const syntax = dialect.toolSyntax?.(TOOLS)
    return syntax ? [[dialect.name, dialect, syntax] as const] : []
  })
  it.each(syntaxes)('%s', (_, dialect, syntax) => {
    const args = { city: 'Paris "x" <b>', days: 2, exact: true, list: [1, 'a'] }
    const calls: Call[] = [['weather', args]]
    if (syntax.parallel) calls.push(['add', {}], ['weather', { where: null }])
    const parser = dialect.parser({ prompt: `Q${promptEnd(dialect)}`, tools: TOOLS, newId: () => 'id' })
    const parts = [...parser.push(callsText(syntax, calls)), ...parser.flush()]
    const found = parts.map((p) =>
      p.kind === 'tool-call' ? [p.call.name, JSON.parse(p.call.arguments) as unknown] : p,
    )
    expect(found).toEqual(calls)
  })

  it('is there for all that have calls', () => {
    expect(DIALECTS.filter((d) => !d.toolSyntax).map((d) => d.name)).toEqual(['think'])
  })
})

describe('any answer, cut anywhere, comes to the same parts', () => {
  const FRAGMENTS = [
    ...[
      ' ',
      '\n',
      'a',
      '<',
      '|',
      '>',
      '{}',
      '{"a": 1}',
      '"',
      '}',
      ']',
      '[',
      ',',
      ';',
      ')',
      'function',
      'name',
      '```json\n',
      '\n```',
    ],
    ...[
      '{"name": "add", "arguments": {}}',
      'weather',
      'add',
      'add(a=1)',
      '<function=add>',
      '</function>',
      '<parameter=a>',
    ],
    ...['</parameter>', 'call:add{a:1}', ' to=functions.add', 'analysis', 'final', 'commentary', '<invoke name="add">'],
    ...[
      '</invoke>',
      '<parameter name="a">',
      'invoke name="add"',
      '<',
      '</',
      'call tool="add" index="1"',
      'think',
      'response',
    ],
    ...['tools', 'argument key="a" type="number"', 'functions.add:0', 'thought\n', '\\', "'", '🙂'],
  ]
  it.each(DIALECTS.map((dialect) => [dialect.name, dialect] as const))('%s', (_, dialect) => {
    const syntax = dialect.toolSyntax?.(TOOLS)
    const own = syntax ? [syntax.before, syntax.begin('add', 0), syntax.end, syntax.between, syntax.after] : []
    const tagged = syntax?.argumentsAs.kind === 'tagged' ? syntax.argumentsAs : undefined
    const argument = tagged ? [tagged.begin('a', 'number'), tagged.end('a')] : []
    const token = fc.constantFrom(...dialect.markers, ...dialect.markers, ...own, ...argument, ...FRAGMENTS)
    fc.assert(
      fc.property(
        fc.array(token, { maxLength: 14 }),
        fc.array(fc.nat(200), { maxLength: 6 }),
        fc.constantFrom('Q', '<think>\n', '[THINK]', '<|open|>think<|sep|>', promptEnd(dialect)),
        (tokens, cuts, prompt) => {
          const text = tokens.join('')
          const expected = whole(dialect, text, { prompt })
          expect(answer(dialect, Array.from(text), { prompt })).toEqual(expected)
          const places = [0, ...cuts.map((c) => c % (text.length + 1)), text.length].sort((a, b) => a - b)
          const pieces = places.slice(1).map((end, i) => text.slice(places[i], end))
          expect(answer(dialect, pieces, { prompt })).toEqual(expected)
        },
      ),
      { numRuns: 200 },
    )
  })

  const damaged = [
    ...ANSWERS,
    [llama3, '<|python_tag|>{"name": "add", "parameters": {"a": [1, "x"]}}; {"name": "add"}'] as const,
  ]
  it.each(damaged.map(([dialect, text]) => [dialect.name, dialect, text] as const))(
    '%s, damaged',
    (_, dialect, text) => {
      const place = fc.nat(text.length)
      fc.assert(
        fc.property(place, place, place, fc.boolean(), (a, b, at, remove) => {
          const [from, to] = [Math.min(a, b), Math.max(a, b)]
          const slice = text.slice(from, Math.min(to, from + 40))
          // A slice goes, or comes a second time at another place.
          const changed = remove
            ? text.slice(0, from) + text.slice(from + slice.length)
            : text.slice(0, at) + slice + text.slice(at)
          const expected = whole(dialect, changed)
          expect(answer(dialect, Array.from(changed))).toEqual(expected)
          expect(answer(dialect, [changed.slice(0, at), changed.slice(at)])).toEqual(expected)
        }),
        { numRuns: 150 },
      )
    },
  )
})
