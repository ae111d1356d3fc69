import type { Checkpoint, EmbeddedTokenizer } from '../checkpoint/checkpoint.js'
import { StoredTexts } from '../checkpoint/gguf/stored-texts.js'
import { UserError, type Remedy } from '../errors.js'
import { isJsonObject, type JsonObject } from '../json.js'
import { SyntaxFault } from './jinja/lexer.js'
import { parseTemplate } from './jinja/parser.js'
import { Refusal } from './jinja/runtime.js'
import type { Body } from './jinja/syntax.js'
import type { ChatTemplate } from './prompt.js'
import { codedPrompt } from './prompts/registry.js'
import { LimitError } from './python/limits.js'
import { PythonError, Unsupported } from './python/values.js'
import { renderPrompt, writesDevelopers } from './rendering/render.js'
import type { SpecialTokens } from './rendering/variables.js'
import { templateSource } from './template-source.js'

/**
 * The model's chat template, wherever the checkpoint has it, else the prompt that is made by
 * code for its model_type; undefined when there is neither.
 * @throws UserError when the template cannot be parsed.
 */
export async function loadChatTemplate(checkpoint: Checkpoint): Promise<ChatTemplate | undefined> {
  const coded = codedPrompt(checkpoint.config['model_type'])
  const { embedded, name } = checkpoint
  const found = await templateSource(checkpoint)
  if (!found) return coded
  const tokens = embedded
    ? embeddedTokens(embedded.vocabulary)
    : configTokens((await checkpoint.json('tokenizer_config.json')) ?? {})
  const template = jinjaTemplate(found.text, tokens, name)
  return found.withTools === undefined ? template : byTools(template, jinjaTemplate(found.withTools, tokens, name))
}

/** Of two templates, the second where the conversation has tools. */
function byTools(without: ChatTemplate, tools: ChatTemplate): ChatTemplate {
  return {
    // What the format of answers is known by may stand in either.
    source: `${tools.source}\n${without.source}`,
    render: (messages, options = {}) => ((options.tools ?? []).length > 0 ? tools : without).render(messages, options),
  }
}

/** A template of Jinja text with its special tokens; `where` is for messages. */
export function jinjaTemplate(source: string, tokens: SpecialTokens, where: string): ChatTemplate {
  let body: Body
  try {
    body = parseTemplate(source)
  } catch (error) {
    throw templateError(error, where)
  }
  let developers: boolean | undefined
  const knowsDevelopers = (): boolean => (developers ??= writesDevelopers(body, { source, tokens }))
  return {
    source,
    render(messages, options = {}) {
      try {
        return renderPrompt(body, { messages, options, tokens, source }, knowsDevelopers)
      } catch (error) {
        throw templateError(error, where)
      }
    },
  }
}

/** What a template failed with, and whose it is to mend: the conversation's, the template's or ours. */
function templateError(error: unknown, where: string): UserError {
  const reason = error instanceof Error ? error.message : String(error)
  const say = (fault: string, ...remedies: Remedy[]): UserError =>
    new UserError(`${where}: ${fault}`, 'invalid_template', {
      cause: error,
      remedies: [...remedies, { option: 'raw' }],
    })
  if (error instanceof Refusal)
    return say(`the chat template refuses these messages: ${reason}`, { advice: 'other messages' })
  if (error instanceof SyntaxFault) return say(`the chat template is no Jinja: ${reason}`)
  if (error instanceof Unsupported)
    return say(`the chat template needs ${reason}, which is not supported here; the messages are right`)
  if (error instanceof PythonError)
    return say(`the chat template failed, as it does in Python: ${reason}`, { advice: 'other messages' })
  if (error instanceof LimitError) return say(`the chat template was stopped: ${reason}`)
  // The stack ends where values stand in each other thousands of levels deep.
  if (error instanceof RangeError)
    return say('the chat template was stopped: what it was given stands in each other too deep')
  return say(`the chat template failed by a bug in kaiyuan, please report it: ${reason}`)
}

/** What transformers calls the special tokens, and what their ids are called in GGUF. */
const SPECIAL = {
  bos_token: 'bos_token_id',
  eos_token: 'eos_token_id',
  unk_token: 'unknown_token_id',
  sep_token: 'seperator_token_id',
  pad_token: 'padding_token_id',
  cls_token: 'cls_token_id',
  mask_token: 'mask_token_id',
} as const

/** bos_token and its like: a string, or an object with its content. */
function configTokens(config: JsonObject): SpecialTokens {
  const tokens: Record<string, string> = {}
  for (const name of Object.keys(SPECIAL)) {
    const value = config[name]
    const text = isJsonObject(value) ? value['content'] : value
    if (typeof text === 'string') tokens[name] = text
  }
  return tokens
}

function embeddedTokens(vocabulary: EmbeddedTokenizer['vocabulary']): SpecialTokens {
  const texts = StoredTexts.from(vocabulary.get('tokens'))
  const tokens: Record<string, string> = {}
  for (const [name, key] of Object.entries(SPECIAL)) {
    const id = vocabulary.get(key)
    const text = typeof id === 'number' ? texts?.at(id) : undefined
    if (text !== undefined) tokens[name] = text
  }
  return tokens
}

/** The special tokens of a checkpoint by what they are for: bos_token, eos_token and their like. */
export async function specialTokens(checkpoint: Checkpoint): Promise<SpecialTokens> {
  const { embedded } = checkpoint
  if (embedded) return embeddedTokens(embedded.vocabulary)
  return configTokens((await checkpoint.json('tokenizer_config.json')) ?? {})
}
