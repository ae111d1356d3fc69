import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { filesOf } from '../../src/checkpoint/files/files.js'
import { miniPath } from '../../src/checkpoint/files/mini.js'
import { loadEngine } from '../../src/index.js'

it("loads the package's own model by its name, wherever the program runs", async () => {
  const folder = mkdtempSync(join(tmpdir(), 'kaiyuan-mini-'))
  const before = process.cwd()
  process.chdir(folder)
  try {
    const engine = await loadEngine('mini', { threads: 1 })
    const { text } = await engine.chat([{ role: 'user', content: "How many r's are in strawberry?" }], { seed: 1 })
      .result
    await engine.close()
    expect(text).toMatch(/\b3\b|three/i)
    // A folder of that name has to be pointed at.
    await expect(filesOf('./mini')).rejects.toThrow('./mini: no such file or folder')
  } finally {
    process.chdir(before)
    rmSync(folder, { recursive: true })
  }
})

it('finds it next to code that is served file by file, and says what to do in a bundle', () => {
  expect(miniPath('https://host/node_modules/kaiyuan/dist/checkpoint/files/mini.js')).toBe(
    'https://host/node_modules/kaiyuan/models/mini',
  )
  for (const bundle of ['https://host/assets/index-BzYk2.js', 'file:///app/bundle.mjs'])
    expect(() => miniPath(bundle)).toThrow(/mini: the embedded model is the folder models\/mini.*serve that folder/)
})
