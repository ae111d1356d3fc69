// A hub with a small model under the names that people type, and the command line in this process.
import { readFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { CommanderError } from 'commander'
import { onTestFinished, vi } from 'vitest'
import { program } from '../../src/cli/commands/all.js'
import { messageOf } from '../../src/cli/wording.js'
import { UserError } from '../../src/errors.js'
import { startHub, temporaryFolder } from './fixture.js'
import type { FakeHub } from './hub.mjs'

export const fixture = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url))
const MINI = ['config.json', 'generation_config.json', 'model.safetensors', 'tokenizer.json', 'tokenizer_config.json']
const mini = Object.fromEntries(MINI.map((file) => [file, readFileSync(fixture(`models/mini/${file}`))]))
const gguf = readFileSync(fixture('test/fixtures/golden-gguf/llama-plain/model.gguf'))

export interface Machine {
  readonly hub: FakeHub
  readonly cache: string
  /** Requests of all kinds. */
  asked(): number
}

/** An empty machine and a hub that has Qwen3 0.6B, which is the embedded model here, and a conversion of it. */
export async function freshMachine(): Promise<Machine> {
  const hub = await startHub()
  const cache = temporaryFolder()
  hub.add('Qwen/Qwen3-0.6B', mini)
  hub.add('Qwen/Qwen3-0.6B-GGUF', { 'Qwen3-0.6B-Q8_0.gguf': gguf, 'README.md': 'text' })
  const none = join(cache, 'none')
  const environment = {
    ...{
      HF_ENDPOINT: hub.endpoint,
      MODELSCOPE_ENDPOINT: hub.endpoint,
      HF_HOME: cache,
      HF_HUB_CACHE: join(cache, 'hub'),
    },
    ...{ KAIYUAN_CACHE: '', HF_HUB_OFFLINE: '', HF_TOKEN: '', HF_TOKEN_PATH: none, HTTP_PROXY: '', HTTPS_PROXY: '' },
    ...{ OLLAMA_MODELS: none, HOME: cache, LLAMA_CACHE: none, PATH: '' },
  }
  for (const [key, value] of Object.entries(environment)) vi.stubEnv(key, value)
  onTestFinished(() => void vi.unstubAllEnvs())
  const { stats } = hub
  return { hub, cache, asked: () => stats.api + stats.resolves + stats.ranges + stats.small }
}

/** The speed of this machine as an earlier run measured it. */
export function knownSpeed({ cache }: Machine, bytesPerSecond: number): void {
  mkdirSync(join(cache, 'hub'), { recursive: true })
  const machine = `${cpus()[0]?.model ?? 'unknown'}, ${cpus().length} cores`
  writeFileSync(join(cache, 'hub/.kaiyuan-machine.json'), JSON.stringify({ machine, bytesPerSecond }))
}

export interface Ran {
  readonly out: string
  readonly err: string
  readonly failure: string | undefined
}

/** A command with what it wrote, and the message that it ended with. */
export async function kaiyuan(...args: string[]): Promise<Ran> {
  const said = { out: '', err: '' }
  const out = vi.spyOn(process.stdout, 'write').mockImplementation((text) => ((said.out += String(text)), true))
  const err = vi.spyOn(process.stderr, 'write').mockImplementation((text) => ((said.err += String(text)), true))
  try {
    await program().parseAsync(args, { from: 'user' })
    return { ...said, failure: undefined }
  } catch (error) {
    if (error instanceof UserError) return { ...said, failure: messageOf(error) }
    if (error instanceof CommanderError) return { ...said, failure: error.message }
    throw error
  } finally {
    out.mockRestore()
    err.mockRestore()
    for (const signal of ['SIGINT', 'SIGTERM']) process.removeAllListeners(signal)
  }
}
