import { ChatOpenAI } from '@langchain/openai'
import { createAgent, tool } from 'langchain'
import { z } from 'zod'
import { tools } from './given.js'

export const mail = (baseURL: string, content: string) => {
  const agent = createAgent({
    model: new ChatOpenAI({ model: 'scripted', apiKey: 'none', temperature: 0, configuration: { baseURL } }),
    systemPrompt: 'Use the tools. Be short.',
    tools: [
      tool((input: { city: string }) => tools.findCity(input), { name: 'find_city', description: 'The id of a city', schema: z.object({ city: z.string() }) }),
      tool((input: { id: number }) => tools.getWeather(input), { name: 'get_weather', description: 'The weather of a place, by the id that find_city gives', schema: z.object({ id: z.int() }) }),
      tool((input: { text: string }) => tools.sendMail(input), { name: 'send_mail', description: 'Sends a mail to the user', schema: z.object({ text: z.string() }) }),
    ],
  })
  return agent.stream({ messages: [{ role: 'user', content }] }, { streamMode: 'messages' })
}
