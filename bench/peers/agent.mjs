// The agent of test/clients/peers with node-llama-cpp, on a real model. Run: node agent.mjs MODEL.gguf TASK
import { defineChatSessionFunction, getLlama, LlamaChatSession } from 'node-llama-cpp'
import { tools } from '../../test/clients/peers/given.ts'

const [, , modelPath, task] = process.argv
const model = await (await getLlama({ gpu: false, build: 'never' })).loadModel({ modelPath })
const context = await model.createContext({ contextSize: 2048 })
const session = new LlamaChatSession({
  contextSequence: context.getSequence(),
  systemPrompt: 'Use the tools. Be short.',
})
const functions = {
  find_city: defineChatSessionFunction({
    description: 'The id of a city',
    params: { type: 'object', properties: { city: { type: 'string' } } },
    handler: (input) => tools.findCity(input),
  }),
  get_weather: defineChatSessionFunction({
    description: 'The weather of a place, by the id that find_city gives',
    params: { type: 'object', properties: { id: { type: 'integer' } } },
    handler: (input) => tools.getWeather(input),
  }),
  send_mail: defineChatSessionFunction({
    description: 'Sends a mail to the user',
    params: { type: 'object', properties: { text: { type: 'string' } } },
    handler: (input) => tools.sendMail(input),
  }),
}
await session.prompt(task, { functions, temperature: 0, onTextChunk: (text) => process.stdout.write(text) })
console.log(`\n${tools.log.join('\n')}`)
process.exit()
