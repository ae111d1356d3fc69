import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const index = new URL('../../dist/index.js', import.meta.url).href

it('a program that does nothing but load and close a model comes to its end', () => {
  const program = `const { loadEngine } = await import(${JSON.stringify(index)})
const engine = await loadEngine('mini')
await engine.close()
console.log('closed')`
  const folder = fileURLToPath(new URL('../..', import.meta.url))
  const said = execFileSync(process.execPath, ['--input-type=module', '-e', program], { cwd: folder, encoding: 'utf8' })
  expect(said.trim()).toBe('closed')
})
