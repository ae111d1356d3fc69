import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { tool, ToolLoopAgent } from 'ai'
import { z } from 'zod'
import { tools } from './given.js'

export const mail = (baseURL: string, prompt: string) =>
  new ToolLoopAgent({
    model: createOpenAICompatible({ name: 'server', baseURL })('scripted'),
    instructions: 'Use the tools. Be short.',
    temperature: 0,
    tools: {
      find_city: tool({ description: 'The id of a city', inputSchema: z.object({ city: z.string() }), execute: (input) => tools.findCity(input) }),
      get_weather: tool({ description: 'The weather of a place, by the id that find_city gives', inputSchema: z.object({ id: z.int() }), execute: (input) => tools.getWeather(input) }),
      send_mail: tool({ description: 'Sends a mail to the user', inputSchema: z.object({ text: z.string() }), execute: (input) => tools.sendMail(input) }),
    },
  }).stream({ prompt })
