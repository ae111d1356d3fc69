/** What stands under these names is the client's own, where null is a value like others. */
const OPAQUE: ReadonlySet<string> = new Set([
  ...['schema', 'json_schema', 'parameters', 'input_schema', 'guided_json', 'json'],
  ...['chat_template_kwargs', 'arguments', 'logit_bias'],
])

/** Of a request itself also Ollama's schema; elsewhere a format is an object of fields. */
const OPAQUE_IN_REQUESTS: ReadonlySet<string> = new Set([...OPAQUE, 'format'])

/**
 * A request without what is null: clients that write all of their fields say with null that one is not set. Schemas, arguments
 * and the like stay as they are.
 */
export function withoutNulls(request: unknown): unknown {
  return cleaned(request, OPAQUE_IN_REQUESTS)
}

function cleaned(value: unknown, opaque: ReadonlySet<string>): unknown {
  if (Array.isArray(value)) return value.map((item) => cleaned(item, OPAQUE))
  if (typeof value !== 'object' || value === null) return value
  // Through entries, so that a key like __proto__ stays a key.
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, inner]) => inner !== null)
      .map(([key, inner]) => [key, opaque.has(key) || isInput(key, inner) ? inner : cleaned(inner, OPAQUE)]),
  )
}

/** What a tool was called with, as Anthropic's API has it; elsewhere input is a text or a list. */
function isInput(key: string, value: unknown): boolean {
  return key === 'input' && typeof value === 'object' && !Array.isArray(value)
}
