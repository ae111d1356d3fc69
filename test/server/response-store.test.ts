import { describe, expect, it } from 'vitest'
import { ResponseStore, type StoredResponse } from '../../src/server/apis/responses/store.js'

const response = (client: string, text = ''): StoredResponse => ({ body: { text }, messages: [], client })

describe('responses that are remembered', () => {
  it('are found by the client that made them and by no other', () => {
    const store = new ResponseStore()
    store.set('r1', response('a'))
    expect(store.get('r1', 'a')).toEqual(response('a'))
    expect(store.get('r1', 'b')).toBeUndefined()
    expect(store.delete('r1', 'b')).toBe(false)
    expect(store.delete('r1', 'a')).toBe(true)
    expect(store.get('r1', 'a')).toBeUndefined()
  })

  it('give way beyond a number, the least recently used first; who may not read does not use', () => {
    const store = new ResponseStore(2)
    store.set('r1', response('a'))
    store.set('r2', response('a'))
    store.get('r1', 'a')
    store.get('r2', 'b')
    store.set('r3', response('a'))
    expect(['r1', 'r2', 'r3'].map((id) => store.get(id, 'a') !== undefined)).toEqual([true, false, true])
  })

  it('give way beyond a size of all together', () => {
    const one = JSON.stringify(response('a', 'x'.repeat(100))).length
    const store = new ResponseStore(1000, 2 * one)
    for (const id of ['r1', 'r2', 'r3']) store.set(id, response('a', 'x'.repeat(100)))
    expect(store.count).toBe(2)
    store.set('large', response('a', 'x'.repeat(1000)))
    expect(store.get('large', 'a')).toBeUndefined()
    expect(store.get('r3', 'a')).toBeDefined()
  })
})
