// Codex CLI and Claude Code, as npm installs them: the agents of whole programs, each with its own tools.
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { serve } from '../server/requests.js'
import { callText, scriptedEngine, type Prompt } from '../server/scripted.js'
import { CITY, CITY_SCHEMA, GREETING, HELLO, resultsOf } from './mailing.js'

const WORK = 'Write note.txt, change it and read it.'
const WORK_AS_OBJECT = `${WORK} Answer with an object.`

/** A model that works with files, by calls of the tools that the agent offers. */
function working(calls: readonly (() => string)[]) {
  return (prompt: Prompt | string): string => {
    if (typeof prompt === 'string') return prompt
    const said = prompt.messages.map(({ role, content }) => (role === 'user' ? content : '')).join('\n')
    if (!said.includes(WORK)) return GREETING
    const results = resultsOf(prompt)
    const call = calls[results.length]
    if (call) return call()
    if (!said.includes(WORK_AS_OBJECT)) return `The note says: ${/\d degrees/.exec(results.at(-1)!)![0]}`
    const form = prompt.tools?.find(({ function: { name } }) => name === 'StructuredOutput')
    return form && results.length === calls.length ? callText(form.function.name, CITY) : JSON.stringify(CITY)
  }
}

/** Room for the 20,000 words that an agent tells a model, a token a letter. */
const ROOM = { contextLength: 400_000, maxPages: 50_000 }
const folders: string[] = []
afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true })))

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'kaiyuan-client-'))
  folders.push(folder)
  return folder
}

/** What a program says on its standard output. */
function run(program: string, args: readonly string[], cwd: string, env: Record<string, string>): Promise<string> {
  const path = fileURLToPath(new URL(`node_modules/.bin/${program}`, import.meta.url))
  const { PATH = '' } = process.env
  const options = { cwd, env: { PATH, HOME: cwd, ...env }, timeout: 500_000, maxBuffer: 1 << 26 }
  return new Promise((resolve, reject) => {
    const child = execFile(path, args, options, (error, out, err) =>
      error ? reject(new Error(`${program}: ${error.message}\n${out}\n${err}`)) : resolve(out),
    )
    child.stdin!.end()
  })
}

describe('Codex CLI', async () => {
  const shell = (cmd: string) => () => callText('exec_command', { cmd })
  const steps = [shell('echo "4 degrees" > note.txt'), shell('sed -i s/4/5/ note.txt'), shell('cat note.txt')]
  const server = await serve(scriptedEngine(working(steps), ROOM))

  /** The last message of the agent, and what it did before. */
  async function codex(prompt: string, folder: string, ...args: string[]): Promise<{ said: string; items: unknown[] }> {
    const home = newFolder()
    const provider = [`name = "kaiyuan"`, `base_url = "${server.url}/v1"`, 'wire_api = "responses"']
    const config = ['model = "scripted"', 'model_provider = "kaiyuan"', '[model_providers.kaiyuan]', ...provider]
    writeFileSync(join(home, 'config.toml'), config.join('\n'))
    // Its sandbox asks for rights that a container does not give.
    const flags = ['exec', '--json', '--skip-git-repo-check', '--dangerously-bypass-approvals-and-sandbox']
    const out = await run('codex', [...flags, ...args, prompt], folder, { CODEX_HOME: home })
    const events = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { type: string; item?: Item })
    const items = events.flatMap(({ type, item }) => (type === 'item.completed' && item ? [item] : []))
    expect(events.at(-1)!.type, out).toBe('turn.completed')
    return { said: items.findLast(({ type }) => type === 'agent_message')?.text ?? '', items }
  }
  interface Item {
    readonly type: string
    readonly text?: string
    readonly exit_code?: number
  }

  it('plain', async () => {
    expect((await codex(HELLO, newFolder())).said).toBe(GREETING)
  })

  it('a loop of tools', async () => {
    const folder = newFolder()
    const { said, items } = await codex(WORK, folder)
    expect(said).toBe('The note says: 5 degrees')
    expect(readFileSync(join(folder, 'note.txt'), 'utf8')).toBe('5 degrees\n')
    expect(items.filter((item) => (item as Item).type === 'command_execution')).toHaveLength(3)
  })

  it('tools together with an output type', async () => {
    const folder = newFolder()
    writeFileSync(join(folder, 'schema.json'), JSON.stringify(CITY_SCHEMA))
    const { said } = await codex(WORK_AS_OBJECT, folder, '--output-schema', 'schema.json')
    expect(JSON.parse(said)).toEqual(CITY)
    expect(readFileSync(join(folder, 'note.txt'), 'utf8')).toBe('5 degrees\n')
  })
})

describe('Claude Code', async () => {
  let folder = ''
  const file = (): string => join(folder, 'note.txt')
  const steps = [
    () => callText('Write', { file_path: file(), content: '4 degrees\n' }),
    () => callText('Edit', { file_path: file(), old_string: '4', new_string: '5' }),
    () => callText('Read', { file_path: file() }),
  ]
  const server = await serve(scriptedEngine(working(steps), ROOM))

  interface Result {
    readonly result: string
    readonly num_turns: number
    readonly is_error: boolean
    readonly structured_output?: unknown
  }

  async function claude(prompt: string, ...args: string[]): Promise<Result> {
    folder = newFolder()
    const env = {
      ANTHROPIC_BASE_URL: server.url,
      ANTHROPIC_AUTH_TOKEN: 'none',
      ANTHROPIC_MODEL: 'scripted',
      ANTHROPIC_SMALL_FAST_MODEL: 'scripted',
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
      DISABLE_TELEMETRY: '1',
      DISABLE_ERROR_REPORTING: '1',
    }
    const flags = ['-p', prompt, '--output-format', 'json', '--allowedTools', 'Write,Edit,Read']
    const result = JSON.parse(await run('claude', [...flags, ...args], folder, env)) as Result
    expect(result.is_error, JSON.stringify(result)).toBe(false)
    return result
  }

  it('plain', async () => {
    expect((await claude(HELLO)).result).toBe(GREETING)
  })

  it('a loop of tools', async () => {
    const { result, num_turns } = await claude(WORK)
    expect(result).toBe('The note says: 5 degrees')
    expect(readFileSync(file(), 'utf8')).toBe('5 degrees\n')
    expect(num_turns).toBe(4)
  })

  it('tools together with an output type', async () => {
    const { structured_output } = await claude(WORK_AS_OBJECT, '--json-schema', JSON.stringify(CITY_SCHEMA))
    expect(structured_output).toEqual(CITY)
    expect(readFileSync(file(), 'utf8')).toBe('5 degrees\n')
  })
})
