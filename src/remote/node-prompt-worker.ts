import { parentPort } from 'node:worker_threads'
import { renderChat, requireTokenizer } from '../engine/answer/render.js'
import { chatModelOf } from '../engine/tokenizer.js'
import { invariant } from '../errors.js'
import type { FromPrompts, PromptAsk, ToPrompts } from './node-prompts.js'
import { sentError } from './sent-error.js'

/** The file that a thread for long prompts runs: the tokenizer and the template of a model, without its weights. */
invariant(parentPort, 'this file is the beginning of a worker')
const port = parentPort
let reading: ReturnType<typeof chatModelOf> | undefined

port.on('message', ({ id, model, ask }: ToPrompts) => {
  if (model !== undefined) reading = chatModelOf(model)
  void answer(ask).then(
    ({ text, ids }) => {
      const message: FromPrompts = { id, text, ids: Int32Array.from(ids) }
      port.postMessage(message, [message.ids.buffer as ArrayBuffer])
    },
    (error: unknown) => port.postMessage({ id, error: sentError(error) } satisfies FromPrompts),
  )
})

async function answer(ask: PromptAsk): Promise<{ text: string; ids: readonly number[] }> {
  invariant(reading, 'a question before the model is named')
  const model = await reading
  if (ask.kind === 'chat') return renderChat(model, ask.messages, ask.options)
  // The asker has the text.
  return { text: '', ids: requireTokenizer(model).encode(ask.text, ask.options) }
}
