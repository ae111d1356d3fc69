// An agent in a page: the model in a worker, the tools here, where the document is. A bundler takes it as it is.
import { agent, tool, type ChatModel } from 'kaiyuan'
import { z } from 'zod'

/** What the agent may do with a page. */
export interface Page {
  read(selector: string): string
  write(selector: string, text: string): void
}

/** The document that the script runs in. */
export const documentPage = (document: Document): Page => ({
  read: (selector) => document.querySelector(selector)?.textContent ?? `nothing matches ${selector}`,
  write: (selector, text) => {
    const element = document.querySelector(selector)
    if (!element) throw new Error(`nothing matches ${selector}`)
    element.textContent = text
  },
})

export async function work(model: ChatModel, page: Page, task: string, signal?: AbortSignal): Promise<string> {
  const selector = z.string().max(60).describe('a CSS selector')
  const tools = [
    tool({
      name: 'read',
      description: 'The text of an element',
      parameters: z.object({ selector }),
      execute: (input) => page.read(input.selector),
    }),
    tool({
      name: 'write',
      description: 'Sets the text of an element',
      parameters: z.object({ selector, text: z.string() }),
      alone: true,
      execute: (input) => page.write(input.selector, input.text),
    }),
  ]
  return (await agent(model, { tools, maxSteps: 8 }).run(task, { signal }).result).text
}
