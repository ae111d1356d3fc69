// The clients from PyPI, in the environment that run.mjs makes. What is not to be had is skipped, and said.
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import {
  AS_OBJECT,
  CITY,
  GREETING,
  HELLO,
  LOOP_LOG,
  MAIL,
  MAIL_AS_OBJECT,
  MAILED,
  TOOL_SCHEMAS,
  serveMailing,
} from './mailing.js'
import { pythonWith } from './python.js'

const LOOP = 'a loop of tools'
const KINDS = ['plain', 'streaming', LOOP, 'structured output', 'tools together with an output type']
const STREAMED = `${LOOP}, streaming`
const BY = ['by the form of the answer', 'by a tool']
const LANGCHAIN = [...KINDS.slice(0, 4), STREAMED, ...BY.map((by) => `${KINDS[4]!}, ${by}`)]

const under = (groups: readonly string[], names: readonly string[]): string[] =>
  groups.flatMap((group) => names.map((name) => `${group}: ${name}`))

/** The cases that each file has. */
const FILES: Record<string, string[]> = {
  openai: under(['chat', 'responses'], KINDS),
  anthropic: [...KINDS, STREAMED],
  langchain: under(['ChatOpenAI, completions', 'ChatOpenAI, responses', 'ChatAnthropic'], LANGCHAIN),
  ollama: KINDS,
}

const { python, reason } = pythonWith('requirements.txt')
const server = await serveMailing()
const given = {
  url: server.url,
  hello: HELLO,
  greeting: GREETING,
  mail: MAIL,
  mailed: MAILED,
  as_object: AS_OBJECT,
  mail_as_object: MAIL_AS_OBJECT,
  city: CITY,
  tools: TOOL_SCHEMAS,
  log: LOOP_LOG,
}

/** Runs a file, and gives what it says of each of its cases. */
function resultsOf(name: string): Promise<Map<string, string | null>> {
  const file = fileURLToPath(new URL(`python/${name}_cases.py`, import.meta.url))
  // What these clients would send to their makers.
  const quiet = { LANGCHAIN_TRACING_V2: 'false', LANGSMITH_TRACING: 'false' }
  const env = { ...process.env, ...quiet }
  return new Promise((resolve, reject) => {
    execFile(python!, [file, JSON.stringify(given)], { env, maxBuffer: 1 << 26 }, (error, out, err) => {
      if (error) return reject(new Error(`${error.message}\n${err}`))
      const lines = out.trim().split('\n')
      const said = lines.map((line) => JSON.parse(line) as { name: string; error: string | null })
      resolve(new Map(said.map(({ name: one, error: failure }) => [one, failure])))
    })
  })
}

const skipped = reason === undefined ? '' : ` (skipped: ${reason})`

describe.skipIf(!python).each(Object.entries(FILES))(`%s of PyPI${skipped}`, (name, cases) => {
  let results: Promise<Map<string, string | null>> | undefined
  it.each(cases)('%s', async (one) => {
    results ??= resultsOf(name)
    const all = await results
    expect([...all.keys()].sort()).toEqual([...cases].sort())
    expect(all.get(one)).toBeNull()
  })
})
