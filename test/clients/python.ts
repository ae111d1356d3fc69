import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url))

/** The interpreter that has the packages of a file of requirements; or why there is none. run.mjs installs them. */
export function pythonWith(requirements: string): { python?: string; reason?: string } {
  const python = path('python/.venv/bin/python')
  const installed = path(`python/.venv/installed-${requirements}`)
  const wanted = readFileSync(path(`python/${requirements}`), 'utf8')
  if (existsSync(installed) && readFileSync(installed, 'utf8') === wanted) return { python }
  const failure = path(`python/.venv-failed-${requirements}`)
  const reason = existsSync(failure) ? readFileSync(failure, 'utf8') : 'not installed; run npm run test:clients'
  return { reason }
}
