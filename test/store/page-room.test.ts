import { describe, expect, it, vi } from 'vitest'
import { UserError } from '../../src/errors.js'
import { pageFiles } from '../../src/store/browser/named.js'
import { checkRoom } from '../../src/store/browser/room.js'
import type { ListedFile, Listing } from '../../src/store/listing.js'
import type { ModelReference } from '../../src/store/reference-types.js'

const REFERENCE: ModelReference = { source: 'hugging-face', id: 'org/model' }
const file = (path: string, size: number): ListedFile => ({
  path,
  size,
  hash: undefined,
  address: () => Promise.reject(new Error('nothing is to be fetched')),
})
const FILES = [file('config.json', 100), file('model.safetensors', 5e9)]

describe('a model by name in a page', () => {
  it('is looked at before a byte of it is fetched, and refused there', async () => {
    const set = { name: 'org/model', list: () => Promise.resolve([]), open: () => Promise.resolve(undefined) }
    const listing = { reference: REFERENCE, commit: '0', files: FILES } as unknown as Listing
    const pull = vi.fn()
    const store = {
      find: () => Promise.resolve(undefined),
      files: () => Promise.resolve(set),
      listing: () => Promise.resolve(listing),
      chosen: () => FILES,
      remote: () => set,
      pull,
    }
    const seen: unknown[] = []
    const admit = (offer: { name: string; bytes: number }): Promise<void> => {
      seen.push(offer.name, offer.bytes)
      return Promise.reject(new UserError('it does not fit', 'out_of_memory'))
    }
    await expect(pageFiles([REFERENCE, REFERENCE], { admit }, store)).rejects.toThrow('it does not fit')
    expect(seen).toEqual(['org/model', 5e9 + 100])
    expect(pull).not.toHaveBeenCalled()
    expect(await pageFiles([REFERENCE], {}, store)).toBe(set)
    expect(pull).toHaveBeenCalledOnce()
  })

  it('needs no more room than what is not there yet, and says both numbers', async () => {
    const wanted = FILES.map((one, i) => ({ file: one, blob: `${i}` }))
    const withRoom = (room: { quota?: number; usage?: number }): unknown =>
      vi.stubGlobal('navigator', { storage: { estimate: () => Promise.resolve(room) } })
    const nothing = { lacks: (_: string, size: number) => Promise.resolve(size) }
    const begun = { lacks: (blob: string, size: number) => Promise.resolve(blob === '1' ? 0 : size) }
    try {
      withRoom({ quota: 4e9, usage: 1e9 })
      const refusal = { code: 'disk_full', message: expect.stringMatching(/5000000100 bytes.*3(\.\d+)? GB/) as string }
      await expect(checkRoom(nothing, wanted)).rejects.toMatchObject(refusal)
      await checkRoom(begun, wanted)
      withRoom({ quota: 6.1e9, usage: 1e9 })
      await checkRoom(nothing, wanted)
      withRoom({})
      await checkRoom(nothing, wanted)
    } finally {
      vi.unstubAllGlobals()
    }
  })
})
