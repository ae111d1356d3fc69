// One client of the server, and the server itself as a process.
import { spawn } from 'node:child_process'

/** Starts `kaiyuan serve` on a free port and waits until the model is loaded. */
export async function startServer(cli, model, threads, concurrency, keys = []) {
  const args = [
    'serve',
    `bench=${model}`,
    '--port',
    '0',
    '--threads',
    threads,
    '--max-concurrency',
    String(concurrency),
    ...keys.flatMap((key) => ['--api-key', key]),
  ]
  const child = spawn(process.execPath, [cli, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = new Promise((resolve) => child.once('exit', resolve))
  const url = await new Promise((resolve, reject) => {
    child.stdout.on('data', (data) => {
      const found = /http:\/\/[\d.]+:\d+/.exec(String(data))
      if (found) resolve(found[0])
    })
    exited.then((code) => reject(new Error(`the server ended with ${code}`)))
  })
  while (!(await fetch(`${url}/ready`)).ok) await new Promise((resolve) => setTimeout(resolve, 50))
  return {
    url,
    pid: child.pid,
    async stop() {
      child.kill('SIGTERM')
      await exited
    },
  }
}

/** One streamed completion of token ids: when its first piece of text came, and the times between pieces. */
export async function completion(url, prompt, newTokens) {
  const started = performance.now()
  const response = await fetch(`${url}/v1/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      model: 'bench',
      prompt,
      max_tokens: newTokens,
      temperature: 0,
      ignore_eos: true,
      stream: true,
      stream_options: { include_usage: true },
    }),
  })
  if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`)
  const times = []
  let tokens = 0
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of response.body) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = lines.pop()
    for (const line of lines) {
      if (!line.startsWith('data: {')) continue
      const { choices, usage } = JSON.parse(line.slice(6))
      if (choices[0]?.text) times.push(performance.now())
      if (usage) tokens = usage.completion_tokens
    }
  }
  if (times.length === 0) throw new Error('an answer without text says nothing about time')
  return { tokens, firstMs: times[0] - started, gapsMs: times.slice(1).map((time, i) => time - times[i]) }
}

export function percentile(values, percent) {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * percent) / 100))] ?? 0
}
