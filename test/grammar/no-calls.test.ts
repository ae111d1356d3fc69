// Text in which no call may begin, as all families of models would write one.
import { describe, expect, it } from 'vitest'
import type { Dialect } from '../../src/chat/dialects/dialect.js'
import * as families from '../../src/chat/dialects/families.js'
import { gemma4 } from '../../src/chat/dialects/gemma.js'
import { minimaxM3 } from '../../src/chat/dialects/minimax-m3.js'
import { compileGrammar } from '../../src/grammar/compile.js'

const tools = ['find', 'send'].map((name) => ({ type: 'function' as const, function: { name } }))
/** Whether the dialect reads a call in an answer. */
function callsIn(dialect: Dialect, answer: string): boolean {
  const parser = dialect.parser({ prompt: '', tools, newId: () => 'id' })
  return [...parser.push(answer), ...parser.flush()].some(({ kind }) => kind === 'tool-call')
}

const dialects = [...Object.values(families), gemma4, minimaxM3].filter(
  (one): one is Dialect => typeof one === 'object' && 'toolSyntax' in one,
)

describe.each(dialects.map((dialect) => [dialect.name, dialect] as const))('%s', (_, dialect) => {
  const syntax = dialect.toolSyntax!(tools)
  it.skipIf(!syntax)('says texts and JSON of a schema, and calls nothing', async () => {
    const { before, end, after, text = { begin: '', end: '' } } = syntax!
    const spec = { kind: 'tool-calls', tools, must: false, none: true, parallel: true } as const
    const grammar = await compileGrammar(spec, { dialect })
    const said = (content: string): string => text.begin + content + text.end
    expect(grammar.accepts(said('Oslo has 24 degrees. "Warm" (a bit), isn\'t it?\n\n- yes'))).toBe(true)
    const call = before + syntax!.begin('find', 0).replace('$id', 'functions.find:0') + '{}' + end + after
    for (const answer of [call, said('Let me see.') + call, said(call)])
      expect([grammar.accepts(answer) && callsIn(dialect, answer), answer]).toEqual([false, answer])
    const json = await compileGrammar({ ...spec, orJson: { type: 'integer' } }, { dialect })
    expect([json.accepts(said('12')), json.accepts(call)]).toEqual([true, false])
  })
})
