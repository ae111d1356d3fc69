// llama.cpp as it is built natively for this machine: llama-bench for speeds, llama-batched-bench for those of several answers at once,
// llama-server for the greedy answer to the same ids.
import { spawn } from 'node:child_process'
import { createServer } from 'node:net'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const KINDS = { f16: 'f16', q8: 'q8_0' }

/** The folder of llama.cpp's programs in DIR (a build tree, or a folder of programs). */
export function nativePrograms(dir) {
  const bin = [dir, join(dir, 'bin'), join(dir, 'build/bin')].find((folder) => existsSync(join(folder, 'llama-bench')))
  if (!bin) throw new Error(`${dir}: expected llama-bench there, in bin or in build/bin; build llama.cpp first`)
  return bin
}

/** Speeds of one run: the prompt after `depth` tokens, and an answer, or several at once, after both. */
export async function measureNative(bin, { file, threads, prompt, answer, depth, streams, inner, cache }) {
  const kind = KINDS[cache]
  const model = ['-m', file, '-t', threads, '-fa', 'on', '-ctk', kind, '-ctv', kind]
  const common = [...model, '-r', inner, '-o', 'json']
  const [first] = await llamaBench(bin, [...common, '-p', prompt, '-n', 0, '-d', depth])
  const after = depth + prompt
  const { speed, peakRssBytes } =
    streams > 1
      ? await batchedBench(bin, model, { after, answer, streams })
      : await answerSpeed(bin, [...common, '-p', 0, '-n', answer, '-d', after])
  return {
    prefillTokensPerSecond: median(first.samples_ts),
    decodeTokensPerSecond: speed,
    peakRssBytes: Math.max(first.peakRssBytes, peakRssBytes),
    weightBytes: first.model_size,
    version: `${versionOf(bin, first)}, ${first.cpu_info}`,
  }
}

async function answerSpeed(bin, args) {
  const [{ samples_ts: samples, peakRssBytes }] = await llamaBench(bin, args)
  return { speed: median(samples), peakRssBytes }
}

/** The commit that llama-bench was built from; of a tree without git, the version in the name of ggml's library. */
function versionOf(bin, { build_commit: commit, build_number: number }) {
  if (commit !== 'unknown') return `${commit} (${number})`
  const version = readdirSync(bin).flatMap((name) => /^libggml\.so\.(\d+\.\d+.*)$/.exec(name)?.[1] ?? [])[0]
  return version ? `with ggml ${version}` : 'of an unknown version'
}

/** Runs llama-bench and adds the most memory that it was seen with. */
async function llamaBench(bin, args) {
  const { text, peakRssBytes } = await output(bin, 'llama-bench', args)
  return JSON.parse(text).map((result) => ({ ...result, peakRssBytes }))
}

/** Several answers at once, each after a prompt of its own: all of their tokens together. */
async function batchedBench(bin, model, { after, answer, streams }) {
  const sizes = ['-npp', after, '-ntg', answer, '-npl', streams, '-c', streams * (after + answer) + 256]
  const args = [...model, ...sizes, '--output-format', 'jsonl']
  const { text, peakRssBytes } = await output(bin, 'llama-batched-bench', args)
  const line = text.split('\n').find((each) => each.startsWith('{'))
  if (line === undefined) throw new Error(`llama-batched-bench: expected a result, found ${text.slice(-500)}`)
  return { speed: JSON.parse(line).speed_tg, peakRssBytes }
}

/** What a program of llama.cpp prints, and the most memory that it was seen with. */
async function output(bin, program, args) {
  if (!existsSync(join(bin, program))) throw new Error(`${bin}: expected ${program} there; build it too`)
  const child = spawn(join(bin, program), args.map(String), { stdio: ['ignore', 'pipe', 'pipe'] })
  let [text, errors, peakRssBytes] = ['', '', 0]
  child.stdout.on('data', (data) => (text += data))
  child.stderr.on('data', (data) => (errors += data))
  const watch = setInterval(() => (peakRssBytes = Math.max(peakRssBytes, peakOf(child.pid))), 100)
  const code = await new Promise((resolve) => child.on('close', resolve))
  clearInterval(watch)
  if (code !== 0) throw new Error(`${program} ended with ${code}: ${errors.slice(-500)}`)
  return { text, peakRssBytes }
}

/** The largest resident memory of a process so far (Linux), else 0. */
function peakOf(pid) {
  try {
    const line = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
    return line ? Number(line[1]) * 1024 : 0
  } catch {
    return 0
  }
}

/** The greedy answer of llama-server to a prompt of ids, end tokens ignored. */
export async function nativeAnswer(bin, { file, threads, cache }, ids, count) {
  const port = await freePort()
  const kind = KINDS[cache]
  const args = ['-m', file, '-t', threads, '-fa', 'on', '-ctk', kind, '-ctv', kind, '-c', ids.length + count + 64]
  const child = spawn(join(bin, 'llama-server'), [...args, '-np', 1, '--port', port].map(String), { stdio: 'ignore' })
  const ended = new Promise((resolve) => child.on('close', resolve))
  try {
    const body = { prompt: ids, n_predict: count, temperature: 0, top_k: 1, ignore_eos: true, return_tokens: true }
    return (await ask(port, child, JSON.stringify(body))).tokens
  } finally {
    child.kill()
    await ended
  }
}

/** Asks again until the server has loaded. */
async function ask(port, child, body) {
  for (let tries = 0; tries < 600; tries++) {
    if (child.exitCode !== null) throw new Error(`llama-server ended with ${child.exitCode}`)
    const response = await fetch(`http://127.0.0.1:${port}/completion`, { method: 'POST', body }).catch(() => undefined)
    if (response?.ok) return response.json()
    if (response && response.status !== 503)
      throw new Error(`llama-server: ${response.status} ${await response.text()}`)
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  throw new Error('llama-server did not load within two minutes')
}

function freePort() {
  const server = createServer()
  return new Promise((resolve) =>
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    }),
  )
}

export function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}
