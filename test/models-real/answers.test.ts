import type OpenAI from 'openai'
import { zodResponseFormat } from 'openai/helpers/zod'
import { expect, it } from 'vitest'
import { z } from 'zod'
import { clientOf, serve } from '../server/requests.js'
import { engineOf, withModel } from './real-models.js'

const WINDS = ['north', 'east', 'south', 'west'] as const
/** Without the second sentence this model calls again. */
const LOOK_UP =
  'You answer questions with the help of tools. When a tool has answered, say the answer in one sentence and call no tool again.'
const NEEDLE = 'Remember this: the password of the boat house is "marzipan".'

/** A log of 80 entries, some 2,100 tokens, with one line that is asked for. */
function logWithNeedle(): string {
  const entry = (day: number): string =>
    `Entry ${day}: on day ${day} the keeper counted ${(day * 37) % 101} ships, and the wind came from the ${WINDS[day % 4]!}.`
  const lines = Array.from({ length: 80 }, (_, i) => entry(i + 1))
  lines.splice(25, 0, NEEDLE)
  return lines.join('\n')
}

for (const name of ['smollm2', 'coder'] as const) {
  withModel(name, (path) => {
    const engine = engineOf(path, {})

    it('finds one line in a prompt of 2,000 tokens', async () => {
      const content = `${logWithNeedle()}\n\nWhat is the password of the boat house?`
      expect((await engine()).encode(content).length).toBeGreaterThan(2000)
      const answer = (await engine()).chat([{ role: 'user', content }], { maxTokens: 24, temperature: 0 })
      expect((await answer.result).text).toContain('marzipan')
    })
  })
}

withModel('coder', (path) => {
  const engine = engineOf(path, {})
  const client = async (): Promise<OpenAI> => clientOf(await serve(engine(), { maxBody: 100_000 }, 'coder'))
  const settings = { model: 'coder', temperature: 0, max_tokens: 64 }

  it('calls a tool through the official client, and answers with what it gave', async () => {
    const cities: string[] = []
    const tool = {
      type: 'function' as const,
      function: {
        name: 'get_temperature',
        description: 'The temperature in a city, in degrees Celsius',
        parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
        parse: (text: string) => z.object({ city: z.string() }).parse(JSON.parse(text)),
        function: ({ city }: { city: string }) => {
          cities.push(city)
          return '-17 degrees Celsius'
        },
      },
    }
    const messages = [
      { role: 'system' as const, content: LOOK_UP },
      { role: 'user' as const, content: 'How cold is it in Oslo?' },
    ]
    const run = (await client()).chat.completions.runTools({ ...settings, messages, tools: [tool] })
    expect(await run.finalContent()).toContain('17')
    expect(cities).toEqual(['Oslo'])
  })

  it('answers in the form of a schema', async () => {
    const City = z.object({ name: z.string(), country: z.string(), capital: z.boolean() })
    const messages = [{ role: 'user' as const, content: 'Tell me of the city of Oslo.' }]
    const format = { messages, response_format: zodResponseFormat(City, 'city') }
    const { choices } = await (await client()).chat.completions.parse({ ...settings, ...format })
    expect(choices[0]!.message.parsed).toEqual({ name: 'Oslo', country: 'Norway', capital: true })
  })
})
