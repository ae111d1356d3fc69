// The cache is shared with Python's huggingface_hub, as pip has it: what one fetched, the other finds, and nothing is fetched twice.
import { execFileSync, spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { MODEL, startHub, storeOf, temporaryFolder } from '../store/fixture.js'
import { COMMIT } from '../store/hub.mjs'

const VERSION = '1.33.0'
const FILES = { 'config.json': '{"model_type": "qwen3"}', 'tokenizer.json': '{}', 'model.safetensors': 5_000_000 }
const NEEDED = FILES['config.json'].length + 2 + 5_000_000

/** Of an environment of its own; without Python, pip or its index, why there is none. */
let python: string | undefined
let reason = ''

beforeAll(() => {
  const folder = join(process.cwd(), 'node_modules/.cache/store-python')
  const own = join(folder, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python')
  try {
    const isThere = existsSync(own) && execFileSync(own, ['-c', 'import huggingface_hub as h; print(h.__version__)'])
    if (isThere === false || isThere.toString().trim() !== VERSION) {
      execFileSync('python3', ['-m', 'venv', folder], { stdio: 'pipe' })
      execFileSync(own, ['-m', 'pip', 'install', '--quiet', `huggingface_hub==${VERSION}`], { stdio: 'pipe' })
    }
    python = own
  } catch (error) {
    reason = `huggingface_hub cannot be installed by pip: ${error instanceof Error ? error.message.slice(0, 200) : ''}`
  }
})

/** Without blocking: the hub that it asks is in this process. */
function run(code: string, environment: Record<string, string>): Promise<string> {
  const env = { ...process.env, HF_HUB_DISABLE_XET: '1', HF_HUB_DISABLE_PROGRESS_BARS: '1', ...environment }
  const child = spawn(python!, ['-c', code], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  let text = ''
  let errors = ''
  child.stdout.on('data', (data: Buffer) => (text += data.toString()))
  child.stderr.on('data', (data: Buffer) => (errors += data.toString()))
  return new Promise((resolve, reject) => {
    child.once('close', (status) => (status === 0 ? resolve(text.trim()) : reject(new Error(errors))))
  })
}

const SNAPSHOT = 'from huggingface_hub import snapshot_download; print(snapshot_download("org/model"))'
const SCAN = `
from huggingface_hub import scan_cache_dir
info = scan_cache_dir()
print([(r.repo_id, r.size_on_disk, sorted(x.commit_hash for x in r.revisions)) for r in info.repos], len(info.warnings))`

describe("Python's huggingface_hub", () => {
  it('finds what was pulled, without a network, and can list it', async (test) => {
    if (python === undefined) return test.skip(reason)
    const hub = await startHub()
    hub.add('org/model', FILES)
    const folder = temporaryFolder()
    const model = await storeOf(hub, folder).pull(MODEL)
    const served = hub.stats.bytes
    const environment = { HF_HUB_CACHE: folder, HF_HOME: folder, HF_ENDPOINT: hub.endpoint }
    expect(await run(SNAPSHOT, { ...environment, HF_HUB_OFFLINE: '1' })).toBe(model.folder)
    expect(await run(SNAPSHOT, environment)).toBe(model.folder)
    expect(hub.stats.bytes).toBe(served)
    expect(await run(SCAN, environment)).toBe(`[('org/model', ${NEEDED}, ['${COMMIT}'])] 0`)
  })

  it('has fetched what is found, and nothing of it is pulled again', async (test) => {
    if (python === undefined) return test.skip(reason)
    const hub = await startHub()
    hub.add('org/model', FILES)
    const folder = temporaryFolder()
    const environment = { HF_HUB_CACHE: folder, HF_HOME: folder, HF_ENDPOINT: hub.endpoint }
    const snapshot = await run(SNAPSHOT, environment)
    const served = hub.stats.bytes
    expect(served).toBeGreaterThanOrEqual(NEEDED)
    const store = storeOf(hub, folder)
    expect(await store.find(MODEL)).toMatchObject({ complete: true, folder: snapshot, bytes: NEEDED })
    expect((await store.verify(MODEL)).map(({ state }) => state)).toEqual(['right', 'right', 'right'])
    await store.pull(MODEL)
    expect(hub.stats.bytes).toBe(served)
    expect(readFileSync(join(snapshot, 'config.json'), 'utf8')).toBe(FILES['config.json'])
    expect((await store.remove(MODEL)).bytes).toBe(NEEDED)
    expect(readdirSync(folder).filter((name) => name.startsWith('models--'))).toEqual([])
  })
})
