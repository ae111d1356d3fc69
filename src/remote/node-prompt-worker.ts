import { workerData } from 'node:worker_threads'
import { renderChat, requireTokenizer } from '../engine/answer/render.js'
import { chatModelOf } from '../engine/tokenizer.js'
import type { PromptAsk, SentPrompt } from './node-prompts.js'
import { answerWork } from './node-work.js'
import type { SentModel } from './protocol.js'
import { sentError } from './sent-error.js'

/** The file that a thread for long prompts runs: the tokenizer and the template of a model, without its weights. */
const reading = chatModelOf(workerData as SentModel)
// Whoever asks hears of it.
reading.catch(() => undefined)

answerWork<PromptAsk, SentPrompt, ReturnType<typeof sentError>>(
  async (ask) => {
    const model = await reading
    if (ask.kind === 'chat') {
      const { text, ids } = renderChat(model, ask.messages, ask.options)
      return { text, ids: Int32Array.from(ids) }
    }
    // The asker has the text.
    return { text: '', ids: Int32Array.from(requireTokenizer(model).encode(ask.text, ask.options)) }
  },
  sentError,
  ({ ids }) => [ids.buffer as ArrayBuffer],
)
