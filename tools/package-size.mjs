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

/**
 * Packed bytes of the whole package, of its chat page, of the files for pages without a bundler, of the race, of evaluation, of the command
 * line, of what Node imports, of docs and examples, and of the package without these and models/.
 */
export function packedSizes(tarball) {
  const folder = mkdtempSync(join(tmpdir(), 'kaiyuan-size-'))
  try {
    execFileSync('tar', ['-xzf', tarball, '-C', folder])
    const unpacked = join(folder, 'package')
    rmSync(join(unpacked, 'models'), { recursive: true, force: true })
    const withGuides = pack(folder, unpacked)
    for (const guides of ['docs', 'examples', 'CONTRIBUTING.md'])
      rmSync(join(unpacked, guides), { recursive: true, force: true })
    const withPage = pack(folder, unpacked)
    rmSync(join(unpacked, 'dist/page'), { recursive: true, force: true })
    const withScript = pack(folder, unpacked)
    rmSync(join(unpacked, 'dist/browser'), { recursive: true, force: true })
    const withRace = pack(folder, unpacked)
    for (const race of ['data/race', 'dist/race']) rmSync(join(unpacked, race), { recursive: true, force: true })
    const withEvaluation = pack(folder, unpacked)
    for (const evaluation of ['dist/eval', 'dist/eval.js', 'dist/eval.d.ts'])
      rmSync(join(unpacked, evaluation), { recursive: true, force: true })
    const withCommands = pack(folder, unpacked)
    rmSync(join(unpacked, 'dist/cli'), { recursive: true, force: true })
    const withBundle = pack(folder, unpacked)
    rmSync(join(unpacked, 'dist/node'), { recursive: true, force: true })
    const engine = pack(folder, unpacked)
    return {
      packed: statSync(tarball).size,
      engine: engine.size,
      engineUnpacked: engine.unpackedSize,
      guides: withGuides.size - withPage.size,
      page: withPage.size - withScript.size,
      script: withScript.size - withRace.size,
      race: withRace.size - withEvaluation.size,
      evaluation: withEvaluation.size - withCommands.size,
      commands: withCommands.size - withBundle.size,
      bundle: withBundle.size - engine.size,
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

export const packageVersion = () => JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version
