/** What stands under these names is the client's own, where null is a value like others. */
const OPAQUE: ReadonlySet<string> = new Set([
  ...['schema', 'json_schema', 'parameters', 'input_schema', 'guided_json', 'json'],
  ...['chat_template_kwargs', 'arguments', 'logit_bias'],
])

/**
 * A request without what is null: clients that write all of their fields say with null that one is not set. Schemas, arguments
 * and the like stay as they are.
 */
export function withoutNulls(value: unknown, opaque: ReadonlySet<string> = OPAQUE): unknown {
  if (Array.isArray(value)) return value.map((item) => withoutNulls(item, opaque))
  if (typeof value !== 'object' || value === null) return value
  // Through entries, so that a key like __proto__ stays a key.
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, inner]) => inner !== null)
      .map(([key, inner]) => [key, opaque.has(key) || isInput(key, inner) ? inner : withoutNulls(inner, opaque)]),
  )
}

/** What a tool was called with, as Anthropic's API has it; elsewhere input is a text or a list. */
function isInput(key: string, value: unknown): boolean {
  return key === 'input' && typeof value === 'object' && !Array.isArray(value)
}
