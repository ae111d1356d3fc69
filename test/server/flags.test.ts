import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { program } from '../../src/cli/commands/all.js'

const DOCS = readFileSync(new URL('../../docs/server.md', import.meta.url), 'utf8')

describe('docs/server.md', () => {
  it('has every flag of kaiyuan serve, and no other', () => {
    const serve = program().commands.find((command) => command.name() === 'serve')!
    const [, table = ''] = /^## Flags\n([^]*?)^## /m.exec(DOCS) ?? []
    const documented = new Set([...table.matchAll(/--[a-z][a-z-]*/g)].map(([flag]) => flag))
    const declared = new Set(serve.options.map((option) => option.long))
    expect([...documented].sort()).toEqual([...declared].sort())
  })
})
