// The other side of limited.ts: loads a module of TypeScript and calls one of its functions with each input in turn.
import { parentPort, workerData } from 'node:worker_threads'
import { runnerImport } from 'vite'

const { module, name, inputs } = workerData
const loaded = await runnerImport(module, { configFile: false, logLevel: 'error' })
parentPort.postMessage('ready')
for (const input of inputs) parentPort.postMessage({ result: await loaded.module[name](input) })
