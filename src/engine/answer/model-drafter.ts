import { UserError } from '../../errors.js'
import type { Tokenizer } from '../../tokenizer/tokenizer.js'
import { DraftLength, type Drafter, type DraftModelName } from './drafter.js'
import type { Generation } from './generation.js'
import type { GenerateOptions } from '../options.js'

/** A draft ends at a token that the small model is less sure of: llama.cpp's `--draft-p-min`. */
const LEAST_LOGPROB = Math.log(0.75)

/** What drafting needs of a small model that is loaded. */
export interface DraftEngine {
  readonly info: { readonly name: string; readonly vocabSize: number; readonly contextLength: number }
  readonly tokenizer: Tokenizer | undefined
  readonly failed: Promise<Error>
  session(): DraftSession
  close(): Promise<void>
}

interface DraftSession {
  generate(ids: readonly number[], options: GenerateOptions): Generation
  close(): Promise<void>
}

/** A small model that drafts for a larger one, under the name by which it was asked for. */
export interface DraftModel {
  readonly name: DraftModelName
  readonly engine: DraftEngine
}

/**
 * A small model of the same tokens drafts what it is sure of, greedily. Its session keeps what was right, so that a draft costs the
 * tokens that are new. The idea: Leviathan et al., Fast Inference from Transformers via Speculative Decoding, arxiv.org/abs/2211.17192.
 */
export class ModelDrafter implements Drafter {
  private readonly session: DraftSession
  private readonly length = new DraftLength()
  private checked = 0

  constructor(private readonly engine: DraftEngine) {
    this.session = engine.session()
  }

  async draft(sequence: readonly number[], most: number): Promise<readonly number[]> {
    const { contextLength, vocabSize } = this.engine.info
    // Larger models of a family pad their vocabulary further.
    while (this.checked < sequence.length && sequence[this.checked]! < vocabSize) this.checked++
    const count = Math.min(most, this.length.after(sequence), contextLength - sequence.length)
    const tokens = this.checked < sequence.length || count <= 0 ? [] : await this.sure(sequence, count)
    this.length.drafted(sequence, tokens)
    return tokens
  }

  close(): Promise<void> {
    return this.session.close()
  }

  /** What follows `sequence` by the small model, up to the first token that it is not sure of. */
  private async sure(sequence: readonly number[], most: number): Promise<readonly number[]> {
    const options = { maxTokens: most, temperature: 0, logprobs: 0, speculate: 'off' } as const
    const generation = this.session.generate(sequence, options)
    const tokens: number[] = []
    try {
      for await (const { choices = [] } of generation.pieces())
        for (const { id, logprob } of choices) {
          if (logprob < LEAST_LOGPROB) return tokens
          tokens.push(id)
        }
      return tokens
    } catch (error) {
      // A draft is only help: without memory for it the answer continues.
      if (error instanceof UserError && error.code === 'out_of_memory') return []
      throw error
    } finally {
      await generation.result.catch(() => undefined)
    }
  }
}

/**
 * Drafts are tokens of the large model.
 * @throws UserError invalid_argument with the first token that the two models do not share
 */
export function checkSameTokens(
  large: Omit<DraftEngine, 'session' | 'close' | 'failed'>,
  { name, engine }: DraftModel,
): void {
  const why = tokensDiffer(large, engine)
  if (why === undefined) return
  throw new UserError(`: a draft model has the tokens of the model that it drafts for; ${why}`, 'invalid_argument', {
    at: { option: 'speculate', value: name },
    remedies: [{ option: 'speculate', value: 'ngram' }],
  })
}

function tokensDiffer(
  large: Pick<DraftEngine, 'info' | 'tokenizer'>,
  small: Pick<DraftEngine, 'info' | 'tokenizer'>,
): string | undefined {
  const [one, other] = [large.tokenizer, small.tokenizer]
  if (!one || !other) {
    const [expected, found] = [large.info.vocabSize, small.info.vocabSize]
    if (expected === found) return undefined
    return `expected a vocabulary of ${expected}, and ${small.info.name} has ${found}`
  }
  const shared = Math.min(one.vocabSize, other.vocabSize)
  for (let id = 0; id < shared; id++) {
    const [expected, found] = [one.bytesOf(id), other.bytesOf(id)]
    if (!sameBytes(expected, found))
      return `token ${id} of ${large.info.name} is ${shown(expected)}, and of ${small.info.name} ${shown(found)}`
  }
  return undefined
}

function sameBytes(a: Uint8Array | undefined | null, b: Uint8Array | undefined | null): boolean {
  if (!a || !b) return a === b
  return a.length === b.length && a.every((byte, i) => byte === b[i])
}

function shown(bytes: Uint8Array | undefined | null): string {
  if (bytes === undefined) return 'a special token'
  return bytes === null ? 'none' : JSON.stringify(new TextDecoder().decode(bytes))
}
