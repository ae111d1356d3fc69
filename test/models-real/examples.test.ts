// The examples of agents with the coder: what they are for, they do. An agent in a page is in agent.test.ts.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { extract } from '../../examples/agent-extract.js'
import { answer, closest, index } from '../../examples/agent-rag.js'
import { mailWeather } from '../../examples/agent-tools.js'
import type { ChatModel, Engine } from '../../src/index.js'
import { engineOf, withModel } from './real-models.js'

/** The model that chats as it is asked here, whatever the example says: the same each time. */
function greedy(engine: Engine): ChatModel {
  const settled = { temperature: 0, maxTokens: 100 }
  return {
    chat: (messages, options) => engine.chat(messages, { ...options, ...settled }),
    session() {
      const session = engine.session()
      return {
        chat: (messages, options) => session.chat(messages, { ...options, ...settled }),
        close: () => session.close(),
      }
    },
  }
}

withModel('coder', (path) => {
  const engine = engineOf(path, {})

  it('agent-rag: finds the passage, and answers from it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'kaiyuan-rag-'))
    writeFileSync(join(folder, 'warranty.md'), 'The warranty of a lamp is seven years from the day of delivery.')
    writeFileSync(join(folder, 'shipping.md'), 'Parcels leave our house on Mondays.')
    const question = 'How many years is the warranty of a lamp?'
    const passages = await index(await engine(), folder)
    expect((await closest(await engine(), passages, question))[0]!.file).toBe('warranty.md')
    const own = await engine()
    const reader = {
      chat: (...given: Parameters<ChatModel['chat']>) => greedy(own).chat(...given),
      encode: (text: string) => own.encode(text),
      embed: own.embed.bind(own),
    }
    // It may answer with the name of the file alone, for which it is asked too.
    expect(await answer(reader, passages, question)).toMatch(/seven|7|warranty\.md/i)
    rmSync(folder, { recursive: true })
  })

  it('agent-extract: takes an invoice out of a letter', async () => {
    const letter = 'Invoice A-7: one lamp, 12.50 EUR. Please pay until 2026-12-24.'
    const { number, due, currency, lines } = await extract(await engine(), letter)
    expect(number).toContain('A-7')
    expect([due, currency, lines[0]?.price]).toEqual(['2026-12-24', 'EUR', 12.5])
  })

  it('agent-tools: calls depend on each other, and the mail is asked for', async () => {
    const asked: string[] = []
    const question = 'Find the id of Oslo, then get its weather, then mail me the degrees.'
    const { mails } = await mailWeather(greedy(await engine()), question, async (text) => asked.push(text) > 0)
    expect(mails[0]).toContain('24')
    expect(asked[0]).toContain('24')
  })
})
