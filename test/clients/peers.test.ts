// One agent in several libraries: what each costs in lines stands in docs/agents.md, and each does the same.
import { readdirSync, readFileSync } from 'node:fs'
import { setTracingDisabled } from '@openai/agents'
import { beforeEach, describe, expect, it } from 'vitest'
import { scriptedEngine } from '../server/scripted.js'
import { LOOP_LOG, MAIL, MAILED, mailing, serveMailing } from './mailing.js'
import * as aiSdkOpenai from './peers/ai-sdk-openai.js'
import * as aiSdk from './peers/ai-sdk.js'
import { tools } from './peers/given.js'
import * as kaiyuan from './peers/kaiyuan.js'
import * as langchain from './peers/langchain.js'
import * as mastra from './peers/mastra.js'
import * as openaiAgents from './peers/openai-agents.js'

setTracingDisabled(true)
const server = await serveMailing()
const baseURL = `${server.url}/v1`
const engine = scriptedEngine(mailing)

async function textOf(parts: AsyncIterable<string>): Promise<string> {
  let text = ''
  for await (const part of parts) text += part
  return text
}

/** What is said to the user, by the file of the program. */
const PEERS: Readonly<Record<string, () => Promise<string>>> = {
  'kaiyuan.ts': async () => textOf(kaiyuan.mail(engine, MAIL).texts()),
  'ai-sdk.ts': async () => textOf((await aiSdk.mail(engine, MAIL)).textStream),
  'ai-sdk-openai.ts': async () => textOf((await aiSdkOpenai.mail(baseURL, MAIL)).textStream),
  'mastra.ts': async () => textOf((await mastra.mail(engine, MAIL)).textStream),
  'openai-agents.ts': async () => textOf((await openaiAgents.mail(baseURL, MAIL)).toTextStream()),
  'langchain.ts': async () => {
    let text = ''
    for await (const [message] of await langchain.mail(baseURL, MAIL)) if (message.type === 'ai') text += message.text
    return text
  },
}

const folder = new URL('peers/', import.meta.url)
const guide = readFileSync(new URL('../../docs/agents.md', import.meta.url), 'utf8')

/** Lines of code, without the one that takes what the application has. */
function linesOf(file: string): number {
  const lines = readFileSync(new URL(file, folder), 'utf8').split('\n')
  return lines.filter((line) => line.trim() !== '' && !line.includes('./given.js')).length
}

it('runs every program', () => {
  const files = readdirSync(folder).filter((file) => file !== 'given.ts')
  expect(files.sort()).toEqual(Object.keys(PEERS).sort())
})

describe.each(Object.entries(PEERS))('%s', (file, run) => {
  beforeEach(() => void (tools.log.length = 0))

  it('makes three calls that depend on each other, and says what came of them', async () => {
    expect(await run()).toBe(MAILED)
    expect(tools.log).toEqual(LOOP_LOG)
  })

  it('has as many lines as the guide says', () => {
    const row = guide.split('\n').find((line) => line.includes(`\`${file}\``))
    expect(row?.split('|')[2]?.trim()).toBe(String(linesOf(file)))
  })
})
