import { describe, expect, it } from 'vitest'
import { PAGE_SIZE } from '../../src/backends/backend.js'
import { PagePool } from '../../src/engine/schedule/cache.js'
import { PrefixTree, type PrefixNode } from '../../src/engine/schedule/prefix-tree.js'
import { SlotPool } from '../../src/engine/schedule/slots.js'
import { UserError } from '../../src/errors.js'

const outOfMemory = (): UserError => new UserError('no memory', 'out_of_memory')
/** Tokens of `pages` pages, of which each is full of one number. */
const tokens = (...pages: number[]): number[] => pages.flatMap((page) => new Array<number>(PAGE_SIZE).fill(page))

/** A pool of pages over a memory of so many, and what it asked for. */
function pagePool(memory: number, limit?: { pages: number; hard: boolean }) {
  const asked: number[] = []
  const forgotten: PrefixNode[] = []
  const reservePages = (count: number): Promise<void> => {
    asked.push(count)
    return count > memory ? Promise.reject(outOfMemory()) : Promise.resolve()
  }
  const pool = new PagePool({ reservePages }, limit, { forget: (node) => void forgotten.push(node) })
  return { pool, asked, forgotten }
}

/** Adds a chain of pages to the tree and stops using it. */
function rest(pool: PagePool, pages: readonly number[], ...contents: number[]): PrefixNode[] {
  const nodes: PrefixNode[] = []
  pages.forEach((page, i) => nodes.push(pool.tree.add(nodes.at(-1), tokens(...contents), i * PAGE_SIZE, page)))
  for (const node of [...nodes].reverse()) pool.tree.release(node)
  return nodes
}

describe('pages', () => {
  it('come from what was given back before memory grows, the last given first, in order', async () => {
    const { pool, asked } = pagePool(100)
    expect(await pool.take(3)).toEqual([0, 1, 2])
    pool.give([1, 2])
    expect(await pool.take(2)).toEqual([1, 2])
    expect(pool.freeCount).toBe(5)
    pool.give([0, 1, 2])
    expect(pool.freeCount).toBe(8)
    expect((await pool.take(8)).sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
    expect(asked).toEqual([8])
  })

  it('grow up to the limit before any that rests is taken', async () => {
    const { pool, asked, forgotten } = pagePool(100, { pages: 10, hard: true })
    const first = await pool.take(8)
    rest(pool, first, ...first)
    expect(pool.freeCount).toBe(8)
    expect(await pool.take(2)).toEqual([8, 9])
    expect(asked).toEqual([8, 10])
    expect(forgotten).toEqual([])
    // Now the page used least recently goes, which is the last of its chain.
    expect(await pool.take(1)).toEqual([7])
    expect(forgotten.map(({ page }) => page)).toEqual([7])
    expect([pool.size, pool.freeCount]).toEqual([10, 7])
  })

  it('of a hard limit are all there are; a soft one is passed where all are in use', async () => {
    const hard = pagePool(100, { pages: 4, hard: true })
    await hard.pool.take(4)
    await expect(hard.pool.take(1)).rejects.toMatchObject({ code: 'out_of_memory' })
    expect(hard.pool.size).toBe(4)
    const soft = pagePool(100, { pages: 4, hard: false })
    await soft.pool.take(4)
    expect(await soft.pool.take(3)).toEqual([4, 5, 6])
    // No more than is missing.
    expect(soft.asked).toEqual([4, 7])
  })

  it('that the machine has not are taken from those that rest', async () => {
    const { pool, asked } = pagePool(9, { pages: 100, hard: true })
    const first = await pool.take(8)
    rest(pool, first, ...first)
    expect(await pool.take(1)).toEqual([8])
    expect(asked).toEqual([8, 16, 9])
    expect(await pool.take(2)).toEqual([6, 7])
    // With nothing that rests it is the machine's refusal that counts.
    const bare = pagePool(9)
    await bare.pool.take(9)
    await expect(bare.pool.take(1)).rejects.toThrow('no memory')
  })

  it.each([new Error('device lost'), new UserError('device lost', 'aborted')])(
    'report $name as it is',
    async (error) => {
      let asked = 0
      const reservePages = (): Promise<void> => (asked++, Promise.reject(error))
      const pool = new PagePool({ reservePages })
      await expect(pool.take(1)).rejects.toBe(error)
      // Only a lack of memory is worth a second try.
      expect([asked, pool.size]).toEqual([1, 0])
      const slots = new SlotPool({ reserveSlots: reservePages, copySlot: () => undefined }, { slots: 5, hard: false })
      await expect(slots.take()).rejects.toBe(error)
      expect([asked, slots.size]).toEqual([2, 0])
    },
  )
})

describe('the tree of prefixes', () => {
  it('finds a page by all tokens before it', () => {
    const tree = new PrefixTree()
    const one = tree.add(undefined, tokens(1, 2), 0, 10)
    const two = tree.add(one, tokens(1, 2), PAGE_SIZE, 11)
    expect(tree.find(undefined, tokens(1), 0)).toBe(one)
    expect(tree.find(one, tokens(9, 2), PAGE_SIZE)).toBe(two)
    expect(tree.find(undefined, tokens(2), 0)).toBeUndefined()
    expect(tree.find(two, tokens(1, 2, 1), 2 * PAGE_SIZE)).toBeUndefined()
  })

  it('keeps one page of two with the same tokens', () => {
    const tree = new PrefixTree()
    const one = tree.add(undefined, tokens(1), 0, 10)
    expect(tree.add(undefined, tokens(1), 0, 99)).toBe(one)
    expect([one.page, one.users]).toEqual([10, 2])
  })

  it('evicts what was used least recently, and nothing in use', () => {
    const tree = new PrefixTree()
    const [a, b, c] = [1, 2, 3].map((content) => tree.add(undefined, tokens(content), 0, content))
    for (const node of [a!, b!, c!]) tree.release(node)
    expect(tree.idleCount).toBe(3)
    // Used again, it is the latest.
    expect(tree.use(undefined, tokens(1), 0)).toBe(a)
    expect(tree.idleCount).toBe(2)
    tree.release(a!)
    expect([tree.evict()?.page, tree.evict()?.page]).toEqual([2, 3])
    expect(tree.find(undefined, tokens(2), 0)).toBeUndefined()
    tree.use(undefined, tokens(1), 0)
    expect(tree.evict()).toBeUndefined()
    expect(tree.find(undefined, tokens(1), 0)).toBe(a)
  })

  it('evicts a chain from its end', () => {
    const tree = new PrefixTree()
    const one = tree.add(undefined, tokens(1, 2, 3), 0, 1)
    const two = tree.add(one, tokens(1, 2, 3), PAGE_SIZE, 2)
    const three = tree.add(two, tokens(1, 2, 3), 2 * PAGE_SIZE, 3)
    for (const node of [three, two, one]) tree.release(node)
    expect([tree.evict()?.page, tree.evict()?.page, tree.evict()?.page, tree.evict()]).toEqual([3, 2, 1, undefined])
  })

  it('gives a page back for writing only to its one user, and not before other pages', () => {
    const tree = new PrefixTree()
    const one = tree.add(undefined, tokens(1, 2), 0, 1)
    const two = tree.add(one, tokens(1, 2), PAGE_SIZE, 2)
    expect(tree.takeBack(one)).toBe(false)
    tree.use(one, tokens(1, 2), PAGE_SIZE)
    expect(tree.takeBack(two)).toBe(false)
    tree.release(two)
    expect(tree.takeBack(two)).toBe(true)
    expect(tree.find(one, tokens(1, 2), PAGE_SIZE)).toBeUndefined()
    expect(tree.takeBack(one)).toBe(true)
    expect(tree.find(undefined, tokens(1), 0)).toBeUndefined()
  })

  it('notices a page that is given back twice', () => {
    const tree = new PrefixTree()
    const node = tree.add(undefined, tokens(1), 0, 1)
    tree.release(node)
    expect(() => tree.release(node)).toThrow(/given back twice/)
  })
})

describe('slots', () => {
  const node = (page: number): PrefixNode => new PrefixTree().add(undefined, tokens(page), 0, page)

  function slotPool(memory: number, limit = { slots: Infinity, hard: false }) {
    const asked: number[] = []
    const copies: string[] = []
    const runner = {
      reserveSlots: (count: number): Promise<void> => {
        asked.push(count)
        return count > memory ? Promise.reject(outOfMemory()) : Promise.resolve()
      },
      copySlot: (from: number, to: number): void => void copies.push(`${from}>${to}`),
    }
    return { pool: new SlotPool(runner, limit), asked, copies }
  }

  it('are used again, and reserved one by one', async () => {
    const { pool, asked } = slotPool(9)
    expect([await pool.take(), await pool.take()]).toEqual([0, 1])
    pool.give(0)
    expect([pool.size, pool.freeCount]).toEqual([2, 1])
    expect(await pool.take()).toBe(0)
    expect(asked).toEqual([1, 2])
  })

  it('hold snapshots, of which each page has one, and which count as free', async () => {
    const { pool, copies } = slotPool(9)
    const page = node(1)
    const slot = await pool.take()
    await pool.save(page, slot)
    await pool.save(page, slot)
    expect(copies).toEqual(['0>1'])
    expect([pool.has(page), pool.size, pool.freeCount]).toEqual([true, 2, 1])
    pool.use(page)
    pool.restore(page, 5)
    expect(copies).toEqual(['0>1', '1>5'])
    pool.forget(page)
    pool.forget(page)
    expect([pool.has(page), pool.freeCount, await pool.take()]).toEqual([false, 1, 1])
  })

  it('of snapshots go to who runs, the one used least recently first, and none that is waited for', async () => {
    const { pool } = slotPool(9, { slots: 4, hard: true })
    const [a, b, c] = [node(1), node(2), node(3)]
    const slot = await pool.take()
    for (const page of [a, b, c]) await pool.save(page, slot)
    expect(pool.size).toBe(4)
    pool.use(a)
    pool.release(a)
    // b is the oldest now.
    expect(await pool.take()).toBe(2)
    expect([a, b, c].map((page) => pool.has(page))).toEqual([true, false, true])
    pool.use(c)
    expect(await pool.take()).toBe(1)
    expect([a, c].map((page) => pool.has(page))).toEqual([false, true])
    await expect(pool.take()).rejects.toMatchObject({ code: 'out_of_memory' })
    pool.release(c)
    expect(await pool.take()).toBe(3)
    expect(pool.has(c)).toBe(false)
  })

  it('are passed over for a snapshot where all are in use, but a soft limit grows for who runs', async () => {
    const { pool, copies } = slotPool(9, { slots: 1, hard: false })
    const slot = await pool.take()
    await pool.save(node(1), slot)
    expect(copies).toEqual([])
    expect(await pool.take()).toBe(1)
    expect(pool.size).toBe(2)
  })

  it('that the machine has not come from snapshots, or are refused', async () => {
    const { pool } = slotPool(2)
    const page = node(1)
    await pool.save(page, await pool.take())
    expect(await pool.take()).toBe(1)
    expect(pool.has(page)).toBe(false)
    await expect(pool.take()).rejects.toThrow('no memory')
    const broken = new SlotPool(
      { reserveSlots: () => Promise.reject(new Error('device lost')), copySlot: () => undefined },
      { slots: 5, hard: false },
    )
    await expect(broken.take()).rejects.toThrow('device lost')
  })
})
