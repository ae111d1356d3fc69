// What runs in Chromium (agent.test.ts): the model in a worker, the agent and its tools here.
import { loadEngine } from 'kaiyuan/worker'
import { mail } from '../clients/peers/kaiyuan.js'
import { tools } from '../clients/peers/given.js'

async function mailed(model: string, task: string) {
  const engine = await loadEngine(model, { threads: 2 })
  const { steps, finishReason } = await mail(engine, task).result
  await engine.close()
  return { finishReason, log: tools.log, steps: steps.length, cached: steps.map(({ cachedTokens }) => cachedTokens) }
}

Object.assign(globalThis, { mailed })
export type Mailed = typeof mailed
