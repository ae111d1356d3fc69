// An agent with three tools, of which the last is asked for. Run: node examples/agent-tools.ts MODEL "Mail me the weather of Oslo"
import { stdin, stdout } from 'node:process'
import { createInterface } from 'node:readline/promises'
import { agent, loadEngine, tool, type ChatModel } from 'kaiyuan'
import { z } from 'zod'

const CITIES: Record<string, number> = { Oslo: 4, Rome: 7 }

export async function mailWeather(
  model: ChatModel,
  question: string,
  confirm: (text: string) => Promise<boolean>,
): Promise<{ text: string; mails: string[] }> {
  const mails: string[] = []
  const run = agent(model, {
    system: 'Be short.',
    tools: [
      tool({
        name: 'find_city',
        description: 'The id of a city',
        parameters: z.object({ city: z.string() }),
        execute: ({ city }) => ({ id: CITIES[city] ?? `unknown; known are ${Object.keys(CITIES).join(', ')}` }),
      }),
      tool({
        name: 'get_weather',
        description: 'The weather of a place, by its id',
        parameters: z.object({ id: z.int() }),
        execute: ({ id }) => ({ degrees: 20 + id }),
      }),
      tool({
        name: 'send_mail',
        description: 'Sends a mail to the user',
        parameters: z.object({ text: z.string() }),
        approval: true,
        execute: ({ text }) => `sent, ${mails.push(text)} today`,
      }),
    ],
    approve: ({ input }) => confirm(`Send ${JSON.stringify(input)}?`),
  }).run(question)
  for await (const part of run) if (part.kind === 'tool-call') console.log(part.call.name, part.call.arguments)
  const { text } = await run.result
  return { text, mails }
}

if (import.meta.filename === process.argv[1]) {
  const [, , model = 'mini', question = 'Mail me the weather of Oslo'] = process.argv
  await using engine = await loadEngine(model)
  const terminal = createInterface({ input: stdin, output: stdout })
  const { text } = await mailWeather(
    engine,
    question,
    async (ask) => (await terminal.question(`${ask} [y/n] `)) === 'y',
  )
  console.log(text)
  terminal.close()
}
