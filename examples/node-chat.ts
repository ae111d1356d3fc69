// A chat in the terminal: a session keeps what it has computed, so that each turn costs its new text alone.
// Run: node examples/node-chat.ts MODEL
import { stdin, stdout } from 'node:process'
import { createInterface } from 'node:readline'
import { loadEngine, type ChatMessage, type Engine } from 'kaiyuan'

export async function chat(
  engine: Engine,
  lines: AsyncIterable<string>,
  write: (text: string) => void,
): Promise<ChatMessage[]> {
  const session = engine.session()
  const messages: ChatMessage[] = []
  for await (const content of lines) {
    messages.push({ role: 'user', content })
    const generation = session.chat(messages)
    for await (const part of generation) if (part.kind === 'text') write(part.text)
    write('\n')
    messages.push({ role: 'assistant', content: (await generation.result).text })
  }
  await session.close()
  return messages
}

if (import.meta.filename === process.argv[1]) {
  const engine = await loadEngine(process.argv[2] ?? 'mini')
  await chat(engine, createInterface({ input: stdin }), (text) => stdout.write(text))
  await engine.close()
}
