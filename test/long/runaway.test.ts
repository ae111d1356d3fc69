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

it('a deeply nested answer ends', async () => {
  const deep = '['.repeat(50_000)
  const answers = [
    { dialect: 'gemma', text: `<|tool_call>call:f{a:${deep}${']'.repeat(50_000)}}<tool_call|>` },
    { dialect: 'llama', text: `[f(a=${deep}${']'.repeat(50_000)})]` },
  ]
  expect(await limited(cases, 'parts', answers)).toEqual([1, 1])
})
