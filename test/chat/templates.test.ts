// Prompts of our own templates and one-liners, as transformers rendered them: `npm run test:templates -- --record`.
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parseJson } from '../../src/chat/python/json.js'
import { jinjaTemplate } from '../../src/chat/template.js'
import { compared, comparedOneLiners, renderOurs, type Outcome } from '../templates/outcomes.mjs'
import { conversations, oneLiners, ownTemplates } from '../templates/sets.mjs'

interface Expected {
  readonly rendered: Readonly<Record<string, Readonly<Record<string, readonly [asGiven: Outcome, asMeant: Outcome]>>>>
  readonly oneLiners: readonly Outcome[]
}

const recorded = new URL('../fixtures/templates/expected.json', import.meta.url)
const expected = JSON.parse(readFileSync(recorded, 'utf8')) as Expected
const chat = { jinjaTemplate, parseJson }

describe('our own templates give the texts of transformers, byte for byte', () => {
  it.each(Object.entries(ownTemplates))('%s', (file, source) => {
    const ours = renderOurs(chat, file, source, conversations)
    const found = Object.keys(conversations).map((name) => {
      const { kind, where } = compared(file, name, expected.rendered[file]![name]!, ours(name))
      return where ?? kind
    })
    expect(found.filter((kind) => !['same', 'meant', 'refused'].includes(kind))).toEqual([])
    expect(found.filter((kind) => kind === 'same').length).toBeGreaterThan(20)
  })
})

it('templates of one line give the texts of transformers', () => {
  expect(expected.oneLiners.length).toBe(oneLiners.length)
  expect(comparedOneLiners(chat, expected.oneLiners)).toEqual([])
})
