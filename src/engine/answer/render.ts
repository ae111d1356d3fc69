/** Conversations as prompts. */
import { alternatingTurns } from '../../chat/turns.js'
import type { ChatMessage } from '../../chat/message.js'
import type { ChatTemplate, PromptSegment, RenderOptions } from '../../chat/prompt.js'
import { UserError } from '../../errors.js'
import { EXPECTED_TOKENIZER } from '../../tokenizer/load.js'
import type { Tokenizer } from '../../tokenizer/tokenizer.js'
import type { PromptOptions } from '../options.js'
import { checkPrompt } from '../prompt.js'
import type { SessionModel } from './model.js'

/** Stands after the text that an answer continues with, while the template renders it; the prompt ends before it. */
const HERE = '\u{f8ff}the answer continues here\u{f8ff}'

/**
 * The prompt that the chat template makes, as text and as ids.
 * @throws UserError invalid_template
 */
export function renderChat(
  model: Pick<SessionModel, 'name' | 'template' | 'tokenizer'>,
  messages: readonly ChatMessage[],
  options: PromptOptions,
): { text: string; ids: number[] } {
  const { template, name } = model
  if (!template) {
    throw new UserError(`${name} has no chat template`, 'invalid_template', { remedies: [{ option: 'raw' }] })
  }
  if (messages.length === 0) checkPrompt([], 0)
  const { tools, templateOptions: extra, continueFinalMessage: goesOn = false, addGenerationPrompt = true } = options
  const shown = tools?.map(({ type, function: own }) => ({ type, function: own }))
  const render = {
    addGenerationPrompt: addGenerationPrompt && !goesOn,
    ...(shown && { tools: shown }),
    ...(extra && { extra }),
  }
  const pieces = rendered(template, goesOn ? marked(messages) : messages, render)
  const prompt = goesOn ? upToMark(pieces) : pieces
  const text = prompt.map((piece) => piece.text).join('')
  const tokenizer = requireTokenizer(model)
  // The template wrote the special tokens, the first one included.
  const encode = ({ text, special }: PromptSegment): number[] =>
    tokenizer.encode(text, { addSpecial: false, parseSpecial: special })
  return { text, ids: prompt.flatMap(encode) }
}

/** As the template takes it; where it refuses turns of one role in a row, these are joined. */
function rendered(
  template: ChatTemplate,
  messages: readonly ChatMessage[],
  options: RenderOptions,
): readonly PromptSegment[] {
  const render = (turns: readonly ChatMessage[]): readonly PromptSegment[] =>
    template.segments?.([...turns], options) ?? [{ text: template.render([...turns], options), special: true }]
  try {
    return render(messages)
  } catch (error) {
    const turns = alternatingTurns(messages)
    if (!(error instanceof UserError) || error.code !== 'invalid_template' || !turns) throw error
    try {
      return render(turns)
    } catch {
      throw error
    }
  }
}

/** @throws UserError where the last message is none to continue with */
function marked(messages: readonly ChatMessage[]): ChatMessage[] {
  const last = messages.at(-1)!
  if (last.role === 'assistant' && !last.tool_calls?.length)
    return [...messages.slice(0, -1), { ...last, content: (last.content ?? '') + HERE }]
  const found = `found ${last.tool_calls?.length ? 'calls' : `one of ${last.role}`}`
  throw new UserError(
    `to continue with the last message, it has to be text of the assistant; ${found}`,
    'invalid_argument',
  )
}

function upToMark(pieces: readonly PromptSegment[]): readonly PromptSegment[] {
  const at = pieces.findIndex(({ text }) => text.includes(HERE))
  if (at < 0) {
    const message =
      'the chat template does not show the last message as it is, so that the answer cannot continue with it'
    throw new UserError(message, 'invalid_template')
  }
  const { text, special } = pieces[at]!
  return [...pieces.slice(0, at), { text: text.slice(0, text.lastIndexOf(HERE)), special }]
}

/** @throws UserError invalid_tokenizer when the checkpoint has none. */
export function requireTokenizer(model: { name: string; tokenizer: Tokenizer | undefined }): Tokenizer {
  if (model.tokenizer) return model.tokenizer
  throw new UserError(`${model.name} has no tokenizer: ${EXPECTED_TOKENIZER}`, 'invalid_tokenizer', {
    remedies: [{ option: 'ids', value: '1,2,3' }],
  })
}
