// A hub, a cache and a store for a test; all of it goes with the test.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { openStore } from '../../src/store/open.js'
import type { Store, StoreOptions } from '../../src/store/store.js'
import { FakeHub } from './hub.mjs'

/** Pauses that a test can wait for; and so many tries that chance alone ends none. */
export const QUICK = { tries: 25, firstPauseMs: 1, longestPauseMs: 10 }

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'kaiyuan-store-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

export async function startHub(options?: { seed?: number; pageSize?: number }): Promise<FakeHub> {
  const hub = await new FakeHub(options).start()
  onTestFinished(() => hub.close())
  return hub
}

/** Nothing of the machine's own environment gets in. */
export function storeOf(hub: FakeHub | string, folder = temporaryFolder(), options: StoreOptions = {}): Store {
  const endpoint = typeof hub === 'string' ? hub : hub.endpoint
  const environment = {
    HF_HOME: folder,
    HF_ENDPOINT: endpoint,
    MODELSCOPE_ENDPOINT: endpoint,
    HF_TOKEN_PATH: join(folder, 'none'),
  }
  return openStore({ folder, patience: QUICK, environment, ...options })
}

export const MODEL = { source: 'hugging-face', id: 'org/model' } as const
