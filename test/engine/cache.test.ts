import { describe, expect, it } from 'vitest'
import { PagePool, pagesFor } from '../../src/engine/schedule/cache.js'
import { UserError } from '../../src/errors.js'

function pool(limit = Infinity): { pool: PagePool; asked: number[] } {
  const asked: number[] = []
  const reservePages = async (count: number): Promise<void> => {
    asked.push(count)
    if (count > limit) throw new UserError('no memory', 'out_of_memory')
  }
  return { pool: new PagePool({ reservePages }), asked }
}

describe('PagePool', () => {
  it('grows by several pages at once and hands each out once', async () => {
    const { pool: pages, asked } = pool()
    const taken = [...(await pages.take(1)), ...(await pages.take(3)), ...(await pages.take(6))]
    expect(new Set(taken).size).toBe(10)
    expect(taken.slice(0, 4)).toEqual([0, 1, 2, 3])
    expect(asked).toEqual([8, 16])
  })

  it('uses pages again', async () => {
    const { pool: pages, asked } = pool()
    const first = await pages.take(8)
    pages.give(first)
    expect((await pages.take(8)).sort()).toEqual(first.sort())
    expect(asked).toEqual([8])
  })

  it('takes the last pages that fit, then says that memory is out and keeps what it has', async () => {
    const { pool: pages, asked } = pool(10)
    const taken = [...(await pages.take(8)), ...(await pages.take(1))]
    expect(asked).toEqual([8, 16, 9])
    await expect(pages.take(2)).rejects.toThrow(UserError)
    pages.give(taken)
    expect((await pages.take(9)).length).toBe(9)
  })
})

it('counts pages of 64 positions', () => {
  expect([0, 1, 64, 65].map(pagesFor)).toEqual([0, 1, 1, 2])
})
