// Templates of our own in the manners of published ones: what they write of calls is read back, and so is what a grammar makes.
// test/templates does the same with the published ones.
import { describe, expect, it } from 'vitest'
import { roundTrip, throughGrammar } from '../templates/round-trip.js'

/** A template whose assistant's turns are `turn`; `c` is a call's function in it. */
const template = (turn: string, thinks = '<think>', end = '</think>'): string =>
  `{%- for t in tools or [] %}{{ t | tojson }}{% endfor %}{%- for m in messages %}<|im_start|>{{ m.role }}
{% if m.role == 'assistant' %}{% if m.reasoning_content %}${thinks}{{ m.reasoning_content }}${end}{% endif %}{{ m.content }}${turn}{% else %}{{ m.content }}{% endif %}<|im_end|>
{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant
{% endif %}`
const calls = (call: string, begin = '', end = '', between = ''): string =>
  `{% if m.tool_calls %}${begin}{% for t in m.tool_calls %}{% set c = t.function %}${call}{% if not loop.last %}${between}{% endif %}{% endfor %}${end}{% endif %}`
const json = '{"name": "{{ c.name }}", "arguments": {{ c.arguments | tojson }}}'
const parameters = (open: string, close: string): string =>
  `{% for k, v in c.arguments | items %}${open}{{ v if v is string else v | tojson }}${close}{% endfor %}`

/** MiniMax M3's elements in elements. */
const marked = (tag: string): string => `{{ ']<]minimax[>[<' }}${tag}>`
const elements = `{%- macro inside(v) -%}{% if v is mapping %}{% for k, w in v | items %}${marked('{{ k }}')}{{ inside(w) }}${marked('/{{ k }}')}{% endfor %}{% elif v is string %}{{ v }}{% elif v is iterable %}{% for w in v %}${marked('item')}{{ inside(w) }}${marked('/item')}{% endfor %}{% else %}{{ v | tojson }}{% endif %}{%- endmacro -%}`

/** The dialect that is told, or derived, and the template. */
const TEMPLATES: readonly (readonly [string, string])[] = [
  ['hermes', template(calls(`<tool_call>\n${json}\n</tool_call>`, '', '', '\n'))],
  ['nemotron-v2', template(calls(json, '<TOOLCALL>[', ']</TOOLCALL>', ', '))],
  ['minimax-m1', `{# <beginning_of_sentence> #}${template(calls(json, '<tool_calls>\n', '\n</tool_calls>', '\n'))}`],
  ['apertus', template(calls('{"{{ c.name }}": {{ c.arguments | tojson }}}', '<|tools_prefix|>[', ']<|tools_suffix|>', ', '), '<|inner_prefix|>', '<|inner_suffix|>')], // prettier-ignore
  ['functionary-3.1', `{# <|start_header_id|> #}${template(calls('<function={{ c.name }}>{{ c.arguments | tojson }}</function>'))}`], // prettier-ignore
  ['glm-4.5', template(calls(`<tool_call>{{ c.name }}\n${parameters('<arg_key>{{ k }}</arg_key>\n<arg_value>', '</arg_value>\n')}</tool_call>`, '', '', '\n'))], // prettier-ignore
  ['qwen-xml', template(calls(`<tool_call>\n<function={{ c.name }}>\n${parameters('<parameter={{ k }}>\n', '\n</parameter>\n')}</function>\n</tool_call>`, '', '', '\n'))], // prettier-ignore
  ['minimax-m2', template(calls(`<invoke name="{{ c.name }}">\n${parameters('<parameter name="{{ k }}">', '</parameter>\n')}</invoke>\n`, '\n<minimax:tool_call>\n', '</minimax:tool_call>'))], // prettier-ignore
  ['minimax-m3', elements + template(calls(`${marked('invoke name="{{ c.name }}"')}{{ inside(c.arguments) }}${marked('/invoke')}\n`, `${marked('tool_call')}\n`, marked('/tool_call')), '<mm:think>', '</mm:think>')], // prettier-ignore
  ['functionary-3.2', `{%- for t in tools or [] %}{{ t | tojson }}{% endfor %}{% for m in messages %}<|{{ m.role }}|>{% if m.role == 'assistant' %}{% if m.content %}{{ '>>>all\n' + m.content }}{% endif %}${calls('>>>{{ c.name }}\n{{ c.arguments | tojson }}')}{% else %}{{ m.content }}{% endif %}<|eot_id|>{% endfor %}{% if add_generation_prompt %}<|assistant|>>>>{% endif %}`], // prettier-ignore
  ['solar', template(calls('<|tool_call:begin|>{{ t.id }}<|tool_call:name|>{{ c.name }}<|tool_call:args|>{{ c.arguments | tojson }}<|tool_call:end|>', '<|tool_calls|>', '<|calls|>'), '<|begin|>assistant<|think|>', '<|end|>')], // prettier-ignore
  // Of no known family: what stands around the probes tells the form.
  ['derived', template(calls(json, '<calls>[', ']</calls>', ', '))],
  ['derived', template(calls(`<<use>>${json}<<done>>`))],
  ['derived', template(calls('<|use|>{{ c.name }}<|with|>{{ c.arguments | tojson }}<|done|>', '<|uses|>', '<|end_uses|>'), '<|thought|>', '<|end_thought|>')], // prettier-ignore
  ['derived', template(calls(`<use>{{ c.name }}${parameters('<key>{{ k }}</key><value>', '</value>')}</use>`))],
  [
    'derived',
    template(calls(`<use name="{{ c.name }}">\n${parameters('<with name="{{ k }}">', '</with>\n')}</use>\n`)),
  ],
]

describe('a turn that a template writes is read back, whole and in pieces, and so is what a grammar makes', () => {
  it.each(TEMPLATES)('%s (%#)', async (name, source) => {
    const trip = roundTrip(source, name)
    expect(trip.dialect.name).toBe(name)
    expect([...trip.outcomes].filter(([, outcome]) => outcome !== 'ok')).toEqual([])
    expect(await throughGrammar(source, name, trip)).toBe(true)
  })

  it('a template without calls has none to tell of', () => {
    const { dialect, outcomes } = roundTrip(template(''), 'none')
    expect(dialect.name).toBe('think')
    expect(outcomes.get('call')).toBe('no calls')
    expect(outcomes.get('thought-text')).toBe('ok')
  })
})
