// Writes the package's size into the README. Run after `npm run build`.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { table, writeSection } from './measured-section.mjs'
import { pack, packageVersion, packedSizes } from './package-size.mjs'

const kilobytes = (bytes) => `${(bytes / 1000).toFixed(0)} kB`
const folder = mkdtempSync(join(tmpdir(), 'kaiyuan-readme-'))
try {
  const report = pack(folder)
  const { packed, engine, engineUnpacked } = packedSizes(join(folder, report.filename))
  writeSection(
    'README.md',
    'size',
    table(
      [`kaiyuan ${packageVersion()}`, 'packed', 'unpacked'],
      [
        ['engine', kilobytes(engine), kilobytes(engineUnpacked)],
        [
          'with the chat page, the embedded model, docs and examples',
          kilobytes(packed),
          kilobytes(report.unpackedSize),
        ],
      ],
    ),
  )
} finally {
  rmSync(folder, { recursive: true, force: true })
}
