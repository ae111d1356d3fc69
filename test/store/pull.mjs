// One pull by the built package, in a process of its own: node test/store/pull.mjs '{"endpoint": ..., "folder": ...}'
import { openStore } from '../../dist/store.js'

const { endpoint, folder, id = 'org/model', lanes, environment = {}, patience } = JSON.parse(process.argv[2])
const store = openStore({ folder, environment: { HF_HOME: folder, HF_ENDPOINT: endpoint, ...environment }, patience })
try {
  const model = await store.pull({ source: 'hugging-face', id }, { lanes })
  console.log(JSON.stringify({ model, memory: process.resourceUsage().maxRSS * 1024 }))
} catch (error) {
  console.log(JSON.stringify({ code: error.code, message: error.message }))
  process.exitCode = 2
}
