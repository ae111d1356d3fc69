import { expect, it } from 'vitest'
import { DIALECTS } from './all-dialects.js'

const TOOLS = [{ type: 'function' as const, function: { name: 'add' } }]

const SEARCHES = ['indexOf', 'slice', 'startsWith', 'endsWith', 'includes', 'trim', 'trimStart', 'trimEnd'] as const

/** Characters of all strings that are searched or cut while `run` runs. */
function charactersRead(run: () => void): number {
  const prototype = String.prototype as unknown as Record<string, (...args: unknown[]) => unknown>
  const originals = SEARCHES.map((name) => [name, prototype[name]!] as const)
  let characters = 0
  for (const [name, original] of originals)
    prototype[name] = function (this: string, ...args) {
      characters += this.length
      return original.apply(this, args)
    }
  try {
    run()
  } finally {
    for (const [name, original] of originals) prototype[name] = original
  }
  return characters
}

it('of reading an answer grows as the answer does', () => {
  const work = (n: number): number =>
    charactersRead(() => {
      for (const dialect of DIALECTS) {
        const parser = dialect.parser({ prompt: 'Q', tools: TOOLS, newId: () => 'id' })
        const begin = dialect.toolSyntax?.(TOOLS)
        parser.push(`${begin?.before ?? ''}${begin?.begin('add', 0) ?? ''}{"a": "`)
        for (let i = 0; i < n; i++) parser.push('word ')
        parser.flush()
      }
    })
  // Eight times the answer; quadratic would be 64 times the work.
  expect(work(4000)).toBeLessThan(9 * work(500))
})
