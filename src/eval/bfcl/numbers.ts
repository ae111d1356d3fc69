/** Numbers of Java and JavaScript, written as text, as values of Python. */
import { integer, parseFloatText, parseInteger } from '../../chat/python/numbers.js'
import { Float, type Value } from '../../chat/python/values.js'

/** Digits with a sign, and perhaps with a letter behind them that says how long they are. */
export function wholeNumber(text: string): Value {
  return integer(BigInt(text.trim().replace(/[lLn]$/, '')))
}

/** `int(text)`, else `float(text)`; undefined where both raise. */
export function guessedNumber(text: string): Value | undefined {
  const whole = parseInteger(text)
  if (whole !== undefined) return whole
  const value = parseFloatText(text)
  return value === undefined ? undefined : new Float(value)
}
