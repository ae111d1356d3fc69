import { Agent, OpenAIProvider, Runner, tool } from '@openai/agents'
import { z } from 'zod'
import { tools } from './given.js'

export const mail = (baseURL: string, task: string) => {
  const agent = new Agent({
    name: 'mailer',
    instructions: 'Use the tools. Be short.',
    model: 'scripted',
    modelSettings: { temperature: 0 },
    tools: [
      tool({ name: 'find_city', description: 'The id of a city', parameters: z.object({ city: z.string() }), execute: (input) => tools.findCity(input) }),
      tool({ name: 'get_weather', description: 'The weather of a place, by the id that find_city gives', parameters: z.object({ id: z.int() }), execute: (input) => tools.getWeather(input) }),
      tool({ name: 'send_mail', description: 'Sends a mail to the user', parameters: z.object({ text: z.string() }), execute: (input) => tools.sendMail(input) }),
    ],
  })
  return new Runner({ modelProvider: new OpenAIProvider({ baseURL, apiKey: 'none' }), tracingDisabled: true }).run(agent, task, { stream: true })
}
