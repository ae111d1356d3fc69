import { fileURLToPath } from 'node:url'
import OpenAI from 'openai'
import { afterAll, describe, expect, it } from 'vitest'
import { workerThreadLine } from '../../src/remote/node.js'
import { serveEngine } from './scripted.js'

const MINI = fileURLToPath(new URL('../../models/mini', import.meta.url))
const crashing = new URL('crashing-worker.mjs', import.meta.url)
const server = await serveEngine(() => workerThreadLine(crashing), {}, 'mini', {
  model: MINI,
  options: { threads: 1, precision: 'exact', maxConcurrency: 8 },
})
afterAll(() => server.stop())
const client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: 'none', maxRetries: 0 })

describe('an engine in a worker of its own', () => {
  it('answers greedily the same alone and in a batch, in exact', async () => {
    const prompts = ['hello', 'What is 12 + 30?', "How many r's are in strawberry?", '9.11 or 9.9?', 'a', 'reverse abc']
    const ask = async (prompt: string): Promise<string> => {
      const request = { model: 'mini', prompt, max_tokens: 48, temperature: 0 }
      return (await client.completions.create(request)).choices[0]!.text
    }
    const alone: string[] = []
    for (const prompt of prompts) alone.push(await ask(prompt))
    const together = await Promise.all([...prompts, ...prompts].map(ask))
    expect(together).toEqual([...alone, ...alone])
    expect(new Set(alone).size).toBeGreaterThan(3)
    const { steps, sequences } = await server.engine.engine.status()
    expect(sequences).toBeGreaterThan(steps * 1.2)
  })

  it('makes embeddings of length 1, the same in every form and with others', async () => {
    const input = ['hello', 'What is 12 + 30?', 'hello there, this is longer than the others']
    const embed = async (more: object) =>
      (await client.embeddings.create({ model: 'mini', input, encoding_format: 'float', ...more })).data.map(
        ({ embedding }) => embedding,
      )
    const vectors = await embed({})
    for (const vector of vectors) expect(vector.reduce((sum, value) => sum + value * value, 0)).toBeCloseTo(1, 4)
    expect((await embed({ input: 'hello' }))[0]).toEqual(vectors[0])
    // Without a format the client asks for base64 and decodes it.
    const packed = await client.embeddings.create({ model: 'mini', input })
    expect(packed.data.map(({ embedding }) => embedding)).toEqual(vectors)
    expect(packed.usage.prompt_tokens).toBe(64)
    const mean = await embed({ pooling: 'mean' })
    expect(mean[2]).not.toEqual(vectors[2])
    const one = await embed({ input: [104] })
    const same = await embed({ input: [104], pooling: 'mean' })
    one[0]!.forEach((value, i) => expect(same[0]![i]).toBeCloseTo(value, 5))
    const dot = (a: number[], b: number[]): number => a.reduce((sum, value, i) => sum + value * b[i]!, 0)
    expect(dot(vectors[0]!, vectors[1]!)).toBeLessThan(0.9999)
  })

  it.each([
    ['ends', 'crash', 'exit code 3'],
    ['throws', 'throw', 'thrown in the worker'],
    ['loses a compute thread', 'trap', 'a compute thread failed: RuntimeError: unreachable'],
  ])('that %s fails its requests with 503 and is started again', async (_, prompt, reason) => {
    const crashes = server.engine.crashes
    const request = { model: 'mini', prompt: 'abc', max_tokens: 1000, ignore_eos: true } as const
    const innocent = client.completions.create(request).catch((error: unknown) => error)
    await expect(client.completions.create({ model: 'mini', prompt })).rejects.toMatchObject({
      status: 503,
      code: 'engine_stopped',
    })
    expect(await innocent).toMatchObject({ status: 503 })
    expect((await fetch(`${server.url}/ready`)).status).toBe(503)
    while (!(await fetch(`${server.url}/ready`)).ok) await new Promise((resolve) => setTimeout(resolve, 20))
    expect(server.engine.crashes).toBe(crashes + 1)
    expect(JSON.stringify(server.log)).toContain(reason)
    const { choices } = await client.completions.create({ model: 'mini', prompt: 'abc', max_tokens: 3 })
    expect(choices[0]!.finish_reason).toBe('length')
  })
})
