import { isJsonObject } from '../../json.js'

/**
 * Arguments of a call as clients send them back, as the JSON text of an object: an empty text and `null` are no arguments, an object
 * is written out, and of a text that was cut off there is what had come.
 */
export function argumentsText(given: unknown): string {
  if (isJsonObject(given)) return JSON.stringify(given)
  const text = typeof given === 'string' ? given.trim() : ''
  if (text === '' || text === 'null') return '{}'
  const value = parsed(text)
  // Some clients write the text of the text.
  if (typeof value === 'string') return argumentsText(value)
  if (value !== undefined) return text
  return text.startsWith('{') ? closed(text) : text
}

/** An object's JSON text that ends too early, closed where it can be. */
function closed(text: string): string {
  // The whole first, then what stands before its last commas and brackets.
  for (
    let end = text.length;
    end > 0;
    end = Math.max(text.lastIndexOf(',', end - 1), text.lastIndexOf('{', end - 1) + 1)
  ) {
    const whole = text.slice(0, end) + closingOf(text.slice(0, end))
    if (isJsonObject(parsed(whole))) return whole
    if (end === 1) break
  }
  return '{}'
}

/** The quotes and brackets that are open at the end. */
function closingOf(text: string): string {
  const open: string[] = []
  let quoted = false
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!
    if (quoted && c === '\\') i++
    else if (c === '"') quoted = !quoted
    else if (!quoted && (c === '{' || c === '[')) open.push(c === '{' ? '}' : ']')
    else if (!quoted && (c === '}' || c === ']')) open.pop()
  }
  return (quoted ? '"' : '') + open.reverse().join('')
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}
