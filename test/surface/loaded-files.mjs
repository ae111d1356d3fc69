// `node --import THIS PROGRAM`: appends a line for each file that the program loads to the file that LOADED_FILES names: its address, and
// whose import that was.
import { appendFileSync } from 'node:fs'
import { register } from 'node:module'
import { isMainThread } from 'node:worker_threads'

export async function resolve(specifier, context, next) {
  const found = await next(specifier, context)
  appendFileSync(process.env.LOADED_FILES, `${found.url} ${context.parentURL ?? ''}\n`)
  return found
}

// Node runs the hooks of a module in a thread of their own, which is this file again.
if (isMainThread) register(import.meta.url)
