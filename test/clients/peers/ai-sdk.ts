import { tool, ToolLoopAgent } from 'ai'
import { kaiyuan } from 'kaiyuan/ai'
import { z } from 'zod'
import { tools } from './given.js'

export const mail = (engine: Parameters<typeof kaiyuan>[0], prompt: string) =>
  new ToolLoopAgent({
    model: kaiyuan(engine),
    instructions: 'Use the tools. Be short.',
    temperature: 0,
    tools: {
      find_city: tool({ description: 'The id of a city', inputSchema: z.object({ city: z.string() }), execute: (input) => tools.findCity(input) }),
      get_weather: tool({ description: 'The weather of a place, by the id that find_city gives', inputSchema: z.object({ id: z.int() }), execute: (input) => tools.getWeather(input) }),
      send_mail: tool({ description: 'Sends a mail to the user', inputSchema: z.object({ text: z.string() }), execute: (input) => tools.sendMail(input) }),
    },
  }).stream({ prompt })
