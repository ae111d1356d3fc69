// Ctrl-C of a pull, as a process of the built command line: what came is kept, and the line that it ends with says how to continue.
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { fixture } from '../store/machine.js'
import { MODEL, startHub, storeOf, temporaryFolder } from '../store/fixture.js'

const MIB = 2 ** 20
const LANES = 4
const SIZE = 60 * MIB

/** `kaiyuan pull org/model`, from an empty home; with a pattern, since no model runs that has made-up weights. */
function startPull(endpoint: string, home: string) {
  const environment = {
    PATH: process.env['PATH'],
    HOME: home,
    HF_HOME: home,
    HF_HUB_CACHE: home,
    HF_ENDPOINT: endpoint,
  }
  const child = spawn(process.execPath, [fixture('dist/cli/main.js'), 'pull', 'org/model', '--include', '*'], {
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const said = { out: '', err: '' }
  child.stdout.on('data', (data: Buffer) => (said.out += data.toString()))
  child.stderr.on('data', (data: Buffer) => (said.err += data.toString()))
  const ended = new Promise<{ status: number | null; out: string; err: string }>((resolve) =>
    child.once('close', (status) => resolve({ ...said, status })),
  )
  return { child, ended }
}

describe('Ctrl-C', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)(
    '(%s) ends a pull with 130, and the next one fetches the rest',
    async (signal) => {
      const hub = await startHub({ pageSize: 100 })
      const { files } = hub.add('org/model', { 'config.json': '{}', 'model.safetensors': SIZE })
      hub.faults.delayMs = 4
      const home = temporaryFolder()
      const first = startPull(hub.endpoint, home)
      hub.after(30 * MIB, () => first.child.kill(signal))
      const { status, out, err } = await first.ended
      expect(status).toBe(130)
      expect(out).toBe('')
      expect(err).toBe('kaiyuan: stopped; what came is kept, and kaiyuan pull org/model resumes it\n')
      expect(await storeOf(hub, home).find(MODEL)).toBeUndefined()
      const second = await startPull(hub.endpoint, home).ended
      expect(second).toMatchObject({ status: 0, err: expect.stringContaining('each byte checked') as string })
      const model = await storeOf(hub, home).find(MODEL)
      const { bytes } = files.get('model.safetensors')!
      expect(readFileSync(join(model!.folder, 'model.safetensors')).equals(bytes)).toBe(true)
      // A piece of each connection, and what lay in the buffers of its socket.
      expect(hub.stats.bytes).toBeLessThan(SIZE + 1.5 * LANES * MIB)
    },
  )
})
