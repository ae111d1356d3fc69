// What is rendered: our own conversations, templates and one-liners. Published templates come from elsewhere.
import { readFileSync, readdirSync } from 'node:fs'
import { conversations } from './conversations.mjs'

const here = (path) => new URL(path, import.meta.url)

/** The templates of a folder, by their file names. */
export function templatesOf(folder) {
  const files = readdirSync(folder).filter((file) => file.endsWith('.jinja'))
  return Object.fromEntries(files.sort().map((file) => [file, readFileSync(new URL(file, folder), 'utf8')]))
}

export const ownTemplates = templatesOf(here('own/'))
export { conversations }

// The context is kept as text: JavaScript would read 1.0 as 1.
const oneLinersText = readFileSync(here('one-liners.json'), 'utf8')
export const oneLiners = JSON.parse(oneLinersText).templates
export const contextText = /"context": (\{[^]*?\n {2}\})/.exec(oneLinersText)[1]
