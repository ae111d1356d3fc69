// Generates what both sides read of kernels/contract.ts (kernel-contract.mjs), compiles kernels/cpu to WebAssembly
// twice (relaxed and baseline SIMD) and kernels/sample once, and writes each, in hex, into a TypeScript module, so that no
// bundler and no runtime needs to know where a .wasm file lies. Does nothing when up to date.
import { mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import asc from 'assemblyscript/asc'
import { generate } from './kernel-contract.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const sources = join(root, 'kernels')
const SHARED = [
  '--importMemory',
  '--sharedMemory',
  '--initialMemory',
  '2',
  '--maximumMemory',
  '65536',
  '--enable',
  'threads',
]
/** Modules by name: their sources, what they become, whom they are for, and how they are compiled. */
const MODULES = {
  relaxed: {
    source: 'cpu',
    output: 'src/backends/cpu/kernels-relaxed.generated.ts',
    engines: 'relaxed SIMD',
    options: [...SHARED, '--enable', 'relaxed-simd'],
  },
  baseline: {
    source: 'cpu',
    output: 'src/backends/cpu/kernels-baseline.generated.ts',
    engines: 'fixed-width SIMD only',
    options: SHARED,
  },
  sample: {
    source: 'sample',
    output: 'src/engine/sample/sample-wasm.generated.ts',
    engines: 'fixed-width SIMD',
    options: ['--initialMemory', '1'],
  },
}

for (const [path, text] of Object.entries(await generate(root))) await writeIfChanged(join(root, path), text)

const inputs = [
  ...(await readdir(sources, { recursive: true })).filter((f) => f.endsWith('.ts')).map((f) => join(sources, f)),
  fileURLToPath(import.meta.url),
]
const newest = Math.max(...(await Promise.all(inputs.map(async (f) => (await stat(f)).mtimeMs))))
const built = await Promise.all(
  Object.values(MODULES).map(async ({ output }) =>
    stat(join(root, output)).then(
      (s) => s.mtimeMs,
      () => 0,
    ),
  ),
)
if (Math.min(...built) > newest && !process.argv.includes('--force')) process.exit(0)

/**
 * Decorators of functions are no TypeScript, so that no editor, linter or formatter would read them: the sources have
 * them as tags at the end of a function's comment, which asc is given as decorators. Lines keep their numbers.
 */
async function readSource(name, base) {
  const text = await readFile(join(base, name), 'utf8').catch(() => null)
  return (
    text
      ?.replace(/@inline(\s*\*\/\n)(?=(?:export )?function )/g, '$1@inline ')
      .replace(/@external (\w+) (\w+)(\s*\*\/\n)(?=(?:export )?declare function )/g, "$3@external('$1', '$2') ") ?? null
  )
}

const folder = await mkdtemp(join(tmpdir(), 'kaiyuan-kernels-'))
async function compile(name, { source, options }) {
  const file = join(folder, `${name}.wasm`)
  const entry = join(sources, source, 'index.ts')
  const general = ['-O3', '--runtime', 'stub', '--noAssert', '--enable', 'simd', '--enable', 'bulk-memory']
  const { error, stderr } = await asc.main([entry, ...general, ...options, '-o', file], {
    stderr: undefined,
    readFile: readSource,
  })
  if (error) throw new Error(`kernels (${name}): ${error.message}\n${stderr.toString()}`)
  const wasm = await readFile(file)
  // Static data would be written over the control block whenever a thread makes its instance.
  if (hasData(wasm))
    throw new Error(`kernels (${name}): a data section; some constant of the source became static data`)
  return wasm.toString('hex')
}

/** Whether a module has a data section. Sections: an id, a length in LEB128, the bytes. */
function hasData(wasm) {
  for (let at = 8; at < wasm.length;) {
    const id = wasm[at++]
    if (id === 11) return true
    let length = 0
    for (let shift = 0; ; shift += 7) {
      const byte = wasm[at++]
      length |= (byte & 127) << shift
      if (byte < 128) break
    }
    at += length
  }
  return false
}

/** Others may be reading it. */
async function replaceFile(path, text) {
  await writeFile(`${path}.${process.pid}`, text)
  await rename(`${path}.${process.pid}`, path)
}

async function writeIfChanged(path, text) {
  const before = await readFile(path, 'utf8').catch(() => undefined)
  if (text !== before) await replaceFile(path, text)
}

for (const [name, module] of Object.entries(MODULES)) {
  const text = `// Made by tools/build-kernels.mjs from kernels/${module.source}; not in version control.
/** For engines with ${module.engines}. */
export const ${name.toUpperCase()}_WASM: string = '${await compile(name, module)}'
`
  await replaceFile(join(root, module.output), text)
}
await rm(folder, { recursive: true })
