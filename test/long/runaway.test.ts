import { expect, it } from 'vitest'
import { limited } from '../limited.js'

const cases = new URL('runaway.ts', import.meta.url)
const nested = (body: string): string =>
  `{% for a in range(90000) %}{% for b in range(90000) %}${body}{% endfor %}{% endfor %}`

it('a template that does not end, or fails, is a UserError', async () => {
  const sources = [
    nested(''),
    nested('x'),
    '{% for a in range(1000000000) %}{% endfor %}',
    '{% macro again() %}{{ again() }}{% endmacro %}{{ again() }}',
    '{% set all = namespace(text="x") %}{% for a in range(90) %}{% set all.text = all.text ~ all.text %}{% endfor %}{{ all.text }}',
    '{% set all = namespace(list=[1]) %}{% for a in range(90) %}{% set all.list = all.list + all.list %}{% endfor %}',
    '{% set all = namespace(list=[]) %}{% for a in range(90) %}{% set all.list = [all.list, all.list] %}{% endfor %}{{ all.list }}',
    '{% set all = namespace(n=2) %}{% for a in range(90) %}{% set all.n = all.n * all.n %}{% endfor %}{{ all.n }}',
    "{{ 'x' * 10 ** 9 }}",
    '{{ [0] * 10 ** 9 }}',
    "{{ '%1000000000d' % 1 }}",
    "{{ '{:>1000000000}'.format(1) }}",
    "{{ 'x'.center(10 ** 9) }}",
    "{{ 'a' | indent(10 ** 9, true) }}",
    '{{ [1] | tojson(indent=10 ** 9) }}',
    '{{ [1] | slice(10 ** 9) | list }}',
    '{{ 10 ** (10 ** 10) }}',
    "{% set s = '😀' * 100000 %}{% for a in range(99999) %}{% set n = s | length %}{% endfor %}",
    "{% set s = ' ' * 1000000 %}{% for a in range(99999) %}{% set n = s.strip() %}{% endfor %}",
    `{{ ${'('.repeat(100_000)} }}`,
    '{% if true %}'.repeat(50_000),
    "{{ raise_exception('no') }}",
    '{% for',
  ]
  const found = await limited(cases, 'rendered', sources)
  expect(found).toEqual(sources.map(() => 'invalid_template'))
})

it('numbers of range() count once, however they are used, and what is small enough ends', async () => {
  const sources = ['{% for a in range(20000) %}{% endfor %}', '{{ range(3) | join }}', '{{ range(5, 1, -2) | join }}']
  expect(await limited(cases, 'rendered', sources)).toEqual(['', '012', '53'])
})

it('a deeply nested answer ends, as text', async () => {
  const deep = '['.repeat(50_000)
  const answers = [
    { dialect: 'gemma', text: `<|tool_call>call:f{a:${deep}${']'.repeat(50_000)}}<tool_call|>` },
    { dialect: 'llama', text: `[f(a=${deep}${']'.repeat(50_000)})]` },
  ]
  expect(await limited(cases, 'plain', answers)).toEqual([true, true])
})
