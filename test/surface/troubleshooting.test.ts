// The messages that docs/troubleshooting.md explains are those of the program.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { root } from './examples.js'

/** Literals that are joined stand as one. */
const joined = (source: string): string => source.replaceAll(/['`"] \+\s+['`"]/g, '')
const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => joined(readFileSync(join(root, 'src', file), 'utf8')))
const guide = readFileSync(join(root, 'docs/troubleshooting.md'), 'utf8')
const messages = [...guide.matchAll(/^> (.+)$/gm)].map(([, message = '']) => message)

it('explains messages', () => expect(messages.length).toBeGreaterThan(15))

it.each(messages)('%s', (message) => {
  const pattern = message
    .split('…')
    .map((part) => part.trim().replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    .filter((part) => part !== '')
    .join('[^\\n]{0,80}?')
  const said = new RegExp(pattern)
  expect(sources.some((source) => said.test(source))).toBe(true)
})
