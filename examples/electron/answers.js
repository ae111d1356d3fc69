// What a window may ask for. Nothing of Electron is here, so that it runs in Node, and in tests.

/** `ask` gives the text of an answer by and by to `send`, and resolves with why it ended; `stop` ends it. */
export function answers(engine) {
  const running = new Map()
  return {
    async ask(id, messages, send) {
      const answer = engine.chat(messages)
      running.set(id, answer)
      try {
        for await (const part of answer) if (part.kind === 'text') send(part.text)
        return (await answer.result).finishReason
      } finally {
        running.delete(id)
      }
    },
    stop: (id) => running.get(id)?.abort(),
  }
}
