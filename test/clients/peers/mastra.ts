import { Agent } from '@mastra/core/agent'
import { createTool } from '@mastra/core/tools'
import { kaiyuan } from 'kaiyuan/ai'
import { z } from 'zod'
import { tools } from './given.js'

export const mail = (engine: Parameters<typeof kaiyuan>[0], task: string) => {
  const agent = new Agent({
    id: 'mailer',
    name: 'mailer',
    instructions: 'Use the tools. Be short.',
    model: kaiyuan(engine),
    tools: {
      find_city: createTool({ id: 'find_city', description: 'The id of a city', inputSchema: z.object({ city: z.string() }), execute: async (input) => tools.findCity(input) }),
      get_weather: createTool({ id: 'get_weather', description: 'The weather of a place, by the id that find_city gives', inputSchema: z.object({ id: z.int() }), execute: async (input) => tools.getWeather(input) }),
      send_mail: createTool({ id: 'send_mail', description: 'Sends a mail to the user', inputSchema: z.object({ text: z.string() }), execute: async (input) => tools.sendMail(input) }),
    },
  })
  return agent.stream(task, { modelSettings: { temperature: 0 } })
}
