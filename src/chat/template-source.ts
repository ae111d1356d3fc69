/** Where a model's chat template lies: in a file, in a config, or in the container; and which of several it is. */
import type { Checkpoint } from '../checkpoint/checkpoint.js'
import { readText } from '../checkpoint/files/json.js'
import { UserError } from '../errors.js'
import { isJsonObject, shortText, type JsonObject } from '../json.js'

export interface TemplateSource {
  readonly text: string
  /** The one for conversations with tools, where it is another (transformers' and GGUF's `tool_use`). */
  readonly withTools?: string
}

/** @throws UserError invalid_template for a config whose template is none. */
export async function templateSource(checkpoint: Checkpoint): Promise<TemplateSource | undefined> {
  const { embedded, name } = checkpoint
  if (embedded) {
    const { chatTemplate: text, toolTemplate: withTools } = embedded
    return text === undefined ? undefined : { text, ...(withTools !== undefined && { withTools }) }
  }
  const file = await textOf(checkpoint, 'chat_template.jinja')
  if (file !== undefined) {
    const withTools = await textOf(checkpoint, 'additional_chat_templates/tool_use.jinja')
    return { text: file, ...(withTools !== undefined && { withTools }) }
  }
  // Processors of images keep it in a file of its own.
  for (const config of ['tokenizer_config.json', 'chat_template.json']) {
    const found = namedTemplates((await checkpoint.json(config))?.['chat_template'], `${name}/${config}`)
    if (found) return found
  }
  return undefined
}

function textOf(checkpoint: Checkpoint, name: string): Promise<string | undefined> {
  return readText((file) => checkpoint.file(file), name)
}

/** One template; several with names, of which `default` counts; or several by name. */
function namedTemplates(value: unknown, where: string): TemplateSource | undefined {
  if (value === undefined || value === null || typeof value === 'string')
    return typeof value === 'string' ? { text: value } : undefined
  const named = new Map<string, string>()
  const entries = Array.isArray(value) ? value : isJsonObject(value) ? entriesOf(value) : undefined
  if (!entries) throw noTemplate(where, value)
  for (const entry of entries) {
    const { name, template } = isJsonObject(entry) ? entry : {}
    if (typeof name !== 'string' || typeof template !== 'string') throw noTemplate(where, entry)
    named.set(name, template)
  }
  const withTools = named.get('tool_use')
  const text = named.get('default') ?? [...named.values()][0]
  return text === undefined ? undefined : { text, ...(withTools !== undefined && withTools !== text && { withTools }) }
}

function entriesOf(byName: JsonObject): unknown[] {
  return Object.entries(byName).map(([name, template]) => ({ name, template }))
}

function noTemplate(where: string, found: unknown): UserError {
  return new UserError(
    `${where}: chat_template: expected a template, or a list of templates with their names, found ${shortText(found)}. ` +
      "Fetch the tokenizer's files again.",
    'invalid_template',
  )
}
