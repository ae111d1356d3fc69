import { UserError } from '../../errors.js'
import type { RenderOptions } from '../prompt.js'

/** Whether the model is to think: `thinking` or `enable_thinking`, as templates call it. */
export function isThinking({ extra }: RenderOptions, byDefault: boolean): boolean {
  const asked = extra?.['thinking'] ?? extra?.['enable_thinking']
  return typeof asked === 'boolean' ? asked : byDefault
}

/** One of the efforts that the model knows. @throws UserError invalid_argument for another. */
export function effortOf<T>(
  { extra }: RenderOptions,
  names: readonly string[],
  known: Readonly<Record<string, T>>,
): T | undefined {
  const name = names.find((n) => extra?.[n] !== undefined && extra[n] !== null)
  if (name === undefined) return undefined
  const asked = extra![name]
  if (typeof asked === 'string' && Object.hasOwn(known, asked)) return known[asked]
  throw new UserError(
    `${name} ${JSON.stringify(asked)}: expected one of ${Object.keys(known).join(', ')}`,
    'invalid_argument',
  )
}
