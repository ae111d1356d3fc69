/** Numbers of Java and JavaScript, written as text, as values of Python. */
import { parseFloatText, parseInteger } from '../../chat/python/numbers.js'
import { Float, type Value } from '../../chat/python/values.js'

/** @param text digits with a sign, perhaps followed by the letter of a long or a BigInt */
export function wholeNumber(text: string): Value {
  return parseInteger(text.trim().replace(/[lLn]$/, ''))!
}

/** `int(text)`, else `float(text)`; undefined where both raise. */
export function guessedNumber(text: string): Value | undefined {
  const whole = parseInteger(text)
  if (whole !== undefined) return whole
  const value = parseFloatText(text)
  return value === undefined ? undefined : new Float(value)
}
