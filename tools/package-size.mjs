// What `npm pack` would publish, and how much of it is the engine and how much the embedded model.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('..', import.meta.url))

/** npm pack into `folder`; returns what npm says of the tarball: { filename, size, unpackedSize, files }. */
export function pack(folder, cwd = root) {
  const out = execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    maxBuffer: 64 * 1024 * 1024,
  })
  const report = JSON.parse(out)
  // npm 12 answers with an object by package name, older ones with a list.
  return Array.isArray(report) ? report[0] : Object.values(report)[0]
}

/** Packed bytes of the whole package, and of the same package without models/. */
export function packedSizes(tarball) {
  const folder = mkdtempSync(join(tmpdir(), 'kaiyuan-size-'))
  try {
    execFileSync('tar', ['-xzf', tarball, '-C', folder])
    const unpacked = join(folder, 'package')
    rmSync(join(unpacked, 'models'), { recursive: true, force: true })
    const engine = pack(folder, unpacked)
    return { packed: statSync(tarball).size, engine: engine.size, engineUnpacked: engine.unpackedSize }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

export const packageVersion = () => JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version
