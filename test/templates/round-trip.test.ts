// Every published template of a folder: `KAIYUAN_TEMPLATES=FOLDER npx vitest run test/templates/round-trip.test.ts`; `npm run test:templates`
// does it with those that it gets.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ownTextAllowed, roundTrip, throughGrammar } from './round-trip.js'

/** Templates that put a turn's text where no model writes it: calls alone are compared. */
const CALLS_ONLY: Readonly<Record<string, string>> = {
  'CohereForAI-c4ai-command-r-plus-tool_use': 'an instruction to call tools stands after every conversation',
  'GigaChat3-10B-A1.8B': 'each call has a turn of its own',
  'GigaChat3.1-10B-A1.8B': 'each call has a turn of its own',
  'NVIDIA-Nemotron-Nano-v2': 'the last turn continues in an open thought',
  'deepseek-ai-DeepSeek-R1-Distill-Qwen-32B': 'the text stands after the calls, as a turn of its own',
  'fireworks-ai-llama-3-firefunction-v2': 'the beginning of a next turn stands after every conversation',
  'openai-gpt-oss-120b': 'the text before a call becomes a thought',
}

/** Templates whose calls of earlier turns look otherwise than what the grammar makes. */
const OWN_TEXT: Readonly<Record<string, string>> = {
  'CohereForAI-c4ai-command-r-plus-tool_use': 'JSON over several lines',
  'ByteDance-Seed-OSS': 'objects as Python prints them',
  'openbmb-MiniCPM5-1B': 'objects as Python prints them',
  'LFM2-8B-A1B': 'objects as Python prints them',
  'LFM2.5-Instruct': 'objects as Python prints them',
  'LFM2.5-8B-A1B': 'texts in single quotes, with nothing escaped',
  'mistralai-Mistral-Nemo-Instruct-2407': 'ids after the arguments',
  'openai-gpt-oss-120b': 'the recipient before the channel',
}

/** Templates that refuse a turn of two calls, which get a turn for each; a model writes one. */
const ONE_A_TURN = /^meta-llama-Llama-3\.[123]-/

/** Templates that write no calls, or not those of our tools. */
const WRITTEN = ['ok', 'refused', 'no calls', 'no second call']

const FOLDER = process.env['KAIYUAN_TEMPLATES']
const FILES = FOLDER === undefined ? [] : readdirSync(FOLDER).filter((file) => file.endsWith('.jinja'))

describe.skipIf(FOLDER === undefined)('published templates (KAIYUAN_TEMPLATES is a folder of them)', () => {
  const all = new Map<string, string>()

  it.each(FILES.map((file) => file.slice(0, -'.jinja'.length)))('%s', async (name) => {
    const source = readFileSync(join(FOLDER!, `${name}.jinja`), 'utf8')
    const trip = roundTrip(source, name, name in CALLS_ONLY)
    for (const [turn, outcome] of trip.outcomes) {
      if (['two', 'all'].includes(turn) && ONE_A_TURN.test(name)) {
        expect(outcome).toMatchObject({ found: { calls: [['station_clock', expect.anything()]] } })
        continue
      }
      expect(WRITTEN, `${trip.dialect.name}, ${turn}: ${JSON.stringify(outcome)}`).toContain(outcome)
      if (typeof outcome === 'string') all.set(`${name} ${turn}`, outcome)
    }
    if (!trip.dialect.toolSyntax) return
    expect(await throughGrammar(source, name, trip)).toBe(true)
    const own = await ownTextAllowed(source, name, trip)
    if (own !== undefined) expect(own, OWN_TEXT[name]).toBe(!(name in OWN_TEXT))
  })

  it('are read back, but for those that a template does not write', () => {
    const outcomes = [...all.values()]
    const of = (outcome: string): number => outcomes.filter((one) => one === outcome).length
    console.log(WRITTEN.map((outcome) => `${outcome}: ${of(outcome)}`).join(', '))
    expect(of('ok')).toBeGreaterThan(0.8 * outcomes.length)
  })
})
