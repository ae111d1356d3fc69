/** Post-processors of tokenizer.json: the ids around a text. huggingface/tokenizers, processors/. */
import { isJsonObject } from '../../json.js'
import { isId } from './models.js'
import type { Part } from './part.js'

export interface Around {
  readonly before: readonly number[]
  readonly after: readonly number[]
}

export const NOTHING: Around = { before: [], after: [] }

const KINDS: Readonly<Record<string, (part: Part) => Around>> = {
  // They trim offsets, of which there are none here.
  ByteLevel: () => NOTHING,
  BertProcessing: classified,
  RobertaProcessing: classified,
  TemplateProcessing: template,
  Sequence: sequence,
}

/** @throws UserError for a type that is not read. */
export function postProcessor(part: Part): Around {
  const make = Object.hasOwn(KINDS, part.type) ? KINDS[part.type] : undefined
  return (make ?? part.unknown(Object.keys(KINDS)))(part)
}

function sequence(part: Part): Around {
  let around = NOTHING
  let isTemplated = false
  for (const own of part.parts('processors')) {
    const outer = postProcessor(own)
    const adds = outer.before.length + outer.after.length > 0
    // The reference takes what a template gives for several texts, which others put their tokens between.
    if (adds && isTemplated) part.unread('processors', 'none that adds tokens after TemplateProcessing', own.type)
    isTemplated ||= adds && own.type === 'TemplateProcessing'
    around = { before: [...outer.before, ...around.before], after: [...around.after, ...outer.after] }
  }
  return around
}

function classified(part: Part): Around {
  const idOf = (key: string): number => {
    const [, id] = part.list(key)
    return isId(id) ? id : part.refuse(key, 'a token and its id', part.list(key))
  }
  return { before: [idOf('cls')], after: [idOf('sep')] }
}

function template(part: Part): Around {
  const specials = part.object('special_tokens')
  const [before, after]: [number[], number[]] = [[], []]
  let texts = 0
  for (const item of part.list('single')) {
    const { Sequence: sequence, SpecialToken: token } = isJsonObject(item) ? item : {}
    if (isJsonObject(sequence) && sequence['id'] === 'A') texts++
    else if (isJsonObject(token) && typeof token['id'] === 'string') {
      const entry = Object.hasOwn(specials, token['id']) ? specials[token['id']] : undefined
      const ids = isJsonObject(entry) ? entry['ids'] : undefined
      if (!Array.isArray(ids) || !ids.every(isId)) part.refuse(`special_tokens.${token['id']}`, 'ids of a token', entry)
      ;(texts === 0 ? before : after).push(...ids)
    } else part.refuse('single', 'special tokens and the text A', item)
  }
  if (texts !== 1) part.refuse('single', 'the text A once', part.list('single'))
  return { before, after }
}
