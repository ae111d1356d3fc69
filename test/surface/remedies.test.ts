import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import ts from 'typescript'
import { messageOf } from '../../src/cli/wording.js'
import { checkLoadOptions, type LoadOptions } from '../../src/engine/options.js'
import { UserError, type ErrorDetail } from '../../src/errors.js'
import { apiErrorOf } from '../../src/server/http/api-error.js'
import { receivedError, sentError } from '../../src/remote/sent-error.js'

/** The same error to a program, to somebody at a terminal, and to a client of the server. */
function voices(fault: string, detail: ErrorDetail): [string, string, string] {
  const error = new UserError(fault, 'out_of_memory', detail)
  return [error.message, messageOf(error), apiErrorOf(error).message]
}

describe('what a user can do', () => {
  it('is said in the words of the library, the command line and HTTP', () => {
    const remedies = [
      { option: 'quantize', value: 'q4' },
      { option: 'contextLength', change: 'lower' },
      { advice: 'a smaller model' },
    ] as const
    expect(voices('out of memory', { remedies })).toEqual([
      "out of memory; try quantize: 'q4', a smaller contextLength or a smaller model",
      'out of memory; try --quantize q4, a smaller --context or a smaller model',
      'out of memory; try quantize: q4 (of the server), a smaller context_length (of the server) or a smaller model',
    ])
  })

  it('names the option at fault, and what to leave out', () => {
    const detail: ErrorDetail = {
      at: { option: 'kvCache', value: 'q8' },
      remedies: [
        { option: 'kvCache', change: 'omit' },
        { option: 'maxTokens', value: 8 },
      ],
    }
    expect(voices('rounds', detail)).toEqual([
      "kvCache: 'q8' rounds; leave out kvCache, or try maxTokens: 8",
      '--kv-cache q8 rounds; leave out --kv-cache, or try --max-tokens 8',
      'kv_cache: q8 (of the server) rounds; leave out kv_cache (of the server), or try max_tokens: 8',
    ])
    expect(voices(': too small', { at: { option: 'threads', value: 0 } })[0]).toBe('threads: 0: too small')
  })

  it('has words for calls in place of options', () => {
    expect(voices('no template', { remedies: [{ option: 'raw' }, { option: 'ids', value: '1,2,3' }] })).toEqual([
      'no template; try complete() in place of chat() or generate() with token ids',
      'no template; try --raw or --ids 1,2,3',
      'no template; try /v1/completions, which takes the prompt as it is or token ids as the prompt of /v1/completions',
    ])
  })

  it('survives the way from an engine in another thread', () => {
    const error = new UserError('out of memory', 'out_of_memory', {
      at: { option: 'threads', value: 2 },
      remedies: [{ option: 'quantize', value: 'q4' }],
    })
    const received = receivedError(structuredClone(sentError(error)))
    if (!(received instanceof UserError)) throw new Error('expected a UserError')
    expect([received.message, messageOf(received)]).toEqual([error.message, messageOf(error)])
  })

  it.each<[LoadOptions, string]>([
    [
      { precision: 'exact', kvCache: 'q8' },
      '--kv-cache q8 rounds keys and values, which the exact precision keeps in f32; leave out --kv-cache or --precision',
    ],
    [
      { precision: 'exact', quantize: 'q4' },
      '--quantize q4 changes the weights, which the exact precision keeps; leave out --quantize or --precision',
    ],
    [{ contextLength: 0 }, '--context must be a whole number from 1; found 0'],
    [{ stepTokens: 0.5 }, '--step-tokens must be a whole number from 1 to 65536; found 0.5'],
  ])('says at a terminal what is wrong with %o', (options, expected) => {
    const error = caught(() => checkLoadOptions(options))
    expect(messageOf(error)).toBe(expected)
    expect(error.message).not.toContain('--')
  })
})

function caught(work: () => void): UserError {
  try {
    work()
  } catch (error) {
    if (error instanceof UserError) return error
    throw error
  }
  throw new Error('expected a UserError')
}

/** Texts of a source file: strings and templates, without comments. */
function textsOf(file: string): string[] {
  const texts: string[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteralLike(node) || ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node))
      texts.push(node.text)
    ts.forEachChild(node, visit)
  }
  visit(ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest))
  return texts
}

it('no text outside of the command line names its flags', () => {
  const root = join(import.meta.dirname, '../../src')
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter(
    // platform.ts hands flags to V8, the interpreters to Node, download.ts to pip and npm; style.ts has properties of CSS; the
    // kernels are hexadecimal.
    (file) =>
      file.endsWith('.ts') &&
      !/^cli[\\/]|platform\.ts$|interpreters?\.ts$|packages[\\/]download\.ts$|report[\\/]style\.ts$|\.generated\.ts$/.test(
        file,
      ),
  )
  expect(files.length).toBeGreaterThan(150)
  const named = files.flatMap((file) =>
    textsOf(join(root, file)).flatMap((text) => (/(^|[\s(`'"])--[a-z]/.test(text) ? [`${file}: ${text}`] : [])),
  )
  expect(named).toEqual([])
})
