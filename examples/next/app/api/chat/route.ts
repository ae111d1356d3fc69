// The route that useChat asks: streamed answers, and a tool that runs here. Needs `ai`, `zod` and next.config.mjs as it is here.
import { convertToModelMessages, isStepCount, streamText, tool, type UIMessage } from 'ai'
import { kaiyuan } from 'kaiyuan/ai'
import { loadEngine } from 'kaiyuan/worker'
import { z } from 'zod'

/** One model for all requests, also where the development server reads this file again. */
const shared = globalThis as { engine?: ReturnType<typeof loadEngine> }

const tools = {
  weather: tool({
    description: 'The weather of a city',
    inputSchema: z.object({ city: z.string() }),
    execute: ({ city }) => `${20 + city.length} degrees in ${city}`,
  }),
}

export async function POST(request: Request): Promise<Response> {
  const { messages } = (await request.json()) as { messages: UIMessage[] }
  shared.engine ??= loadEngine(process.env['MODEL'] ?? 'mini')
  const answer = streamText({
    model: kaiyuan(await shared.engine),
    messages: await convertToModelMessages(messages),
    tools,
    stopWhen: isStepCount(5),
    abortSignal: request.signal,
  })
  return answer.toUIMessageStreamResponse()
}
