// The names that people type first, with a hub on this machine.
import { beforeEach, describe, expect, it } from 'vitest'
import { freshMachine, kaiyuan, type Machine } from '../store/machine.js'

let machine: Machine
beforeEach(async () => {
  machine = await freshMachine()
})

describe('what people type first', () => {
  const question = 'What is 12 + 30?'

  it.each<[string[], RegExp]>([
    [['run', 'Qwen/Qwen3-0.6B', question], /42/],
    [['run', 'hf://Qwen/Qwen3-0.6B', question], /42/],
    [['run', 'https://huggingface.co/Qwen/Qwen3-0.6B', question], /42/],
    [['run', 'Qwen/Qwen3-0.6B'], /^$/],
    [['pull', 'Qwen/Qwen3-0.6B'], /^$/],
    [['list'], /no models in/],
  ])('kaiyuan %s ends well', async (args, expected) => {
    const { out, failure } = await kaiyuan(...args)
    expect(failure).toBeUndefined()
    expect(out).toMatch(expected)
  })

  it.each([
    ['run', 'qwen3:0.6b', '--ids', '1,2', '--max-tokens', '2', '--ignore-eos', '--json'],
    [
      'run',
      'HUB/Qwen/Qwen3-0.6B-GGUF/resolve/main/Qwen3-0.6B-Q8_0.gguf',
      '--ids',
      '1,2',
      '--max-tokens',
      '2',
      '--ignore-eos',
      '--json',
    ],
    ['run', 'Qwen/Qwen3-0.6B-GGUF:q8_0', '--ids', '1,2', '--max-tokens', '2', '--ignore-eos', '--json'],
    ['pull', 'qwen3:0.6b', '--json'],
  ])('kaiyuan %s %s ends well', async (...args) => {
    const { out, failure } = await kaiyuan(...args.map((arg) => arg.replace('HUB', machine.hub.endpoint)))
    expect(failure).toBeUndefined()
    expect(() => JSON.parse(out) as unknown).not.toThrow()
  })

  it('a second run asks no server', async () => {
    await kaiyuan('run', 'Qwen/Qwen3-0.6B', question)
    const before = machine.asked()
    const { out, err } = await kaiyuan('run', 'Qwen/Qwen3-0.6B', question)
    expect(out).toContain('42')
    expect(err).toBe('')
    expect(machine.asked()).toBe(before)
  })

  it.each<[string[], string]>([
    [['run', 'qwen3:0.6'], 'the nearest is qwen3:0.6b'],
    [['run', 'smolm2', question], 'the nearest is smollm2'],
    [['chat', 'Qwen/Qwen3-0.6'], 'The nearest that is known: Qwen/Qwen3-0.6B'],
    [['inspect', 'org/none'], 'the hub knows no such model'],
    [['run', 'Qwen/Qwen3-0.6B-GGUF:Q9'], 'Q8_0'],
    [['serve', 'nothing-like-it'], 'no model has this name'],
    [['pull', './folder'], 'expected the name of a model'],
  ])('kaiyuan %s says what would be right', async (args, message) => {
    expect((await kaiyuan(...args)).failure).toContain(message)
  })

  it('a word that is no name stays a prompt', async () => {
    const { out, failure } = await kaiyuan('run', question)
    expect(failure).toBeUndefined()
    expect(out).toContain('42')
    expect(machine.asked()).toBe(0)
  })
})
