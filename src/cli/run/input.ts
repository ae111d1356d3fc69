import { fstatSync } from 'node:fs'
import { buffer as readAll } from 'node:stream/consumers'
import type { ToolDefinition } from '../../chat/message.js'
import { UserError } from '../../errors.js'
import { decoded, textOf } from '../text-file.js'
import type { AnswerOptions } from '../../remote/engine-like.js'

/** Who waits this long for standard input may not know that it is read. */
const PATIENCE_MS = 2000

/** A prompt in one piece: what was typed, then files, then what was piped in. */
export async function composePrompt(typed: string, files: readonly string[]): Promise<string> {
  const fromInput = typed === '-' || /(^| )-$/.test(typed)
  const parts = [fromInput ? typed.slice(0, -1).trimEnd() : typed]
  for (const file of files) parts.push(await textOf(file))
  if (fromInput || isPiped()) parts.push(await standardInput())
  return parts.filter((part) => part.trim() !== '').join('\n\n')
}

/** Whether the shell connected standard input to a file or to another program. */
function isPiped(): boolean {
  try {
    const found = fstatSync(0)
    return found.isFIFO() || found.isFile()
  } catch {
    return false
  }
}

async function standardInput(): Promise<string> {
  const timer = setTimeout(() => {
    process.stderr.write('kaiyuan: reading standard input; without any, add </dev/null\n')
  }, PATIENCE_MS)
  process.stdin.once('data', () => clearTimeout(timer))
  try {
    return decoded('standard input', await readAll(process.stdin))
      .replace(/\r\n/g, '\n')
      .trimEnd()
  } finally {
    clearTimeout(timer)
  }
}

/** JSON as it was typed, or of a file of that name. @throws UserError when it is neither */
export async function jsonOf(option: string, given: string): Promise<unknown> {
  const isTyped = /^\s*[[{]/.test(given)
  const text = isTyped ? given : await textOf(given)
  try {
    return JSON.parse(text)
  } catch (cause) {
    const where = isTyped ? option : `${option} ${given}`
    throw new UserError(`${where}: expected JSON: ${(cause as Error).message}`, 'invalid_argument', { cause })
  }
}

const GRAMMARS: Readonly<Record<string, 'gbnf' | 'lark' | 'ebnf'>> = { gbnf: 'gbnf', lark: 'lark', ebnf: 'ebnf' }

/** What the answer has to look like. @throws UserError */
export async function grammarOf(
  schema: string | undefined,
  grammar: string | undefined,
): Promise<AnswerOptions['grammar']> {
  if (schema !== undefined && grammar !== undefined)
    throw new UserError('expected either --schema or --grammar, found both', 'invalid_argument')
  if (schema !== undefined) return { kind: 'json-schema', schema: await jsonOf('--schema', schema) }
  if (grammar === undefined) return undefined
  const kind = GRAMMARS[/\.(\w+)$/.exec(grammar)?.[1]?.toLowerCase() ?? '']
  if (!kind)
    throw new UserError(
      `--grammar ${grammar}: expected a file that ends with .gbnf, .lark or .ebnf`,
      'invalid_argument',
    )
  return { kind, grammar: await textOf(grammar) }
}

/** Definitions of functions: an array as OpenAI's API has it, each also without its wrapper. @throws UserError */
export async function toolsOf(given: string | undefined): Promise<readonly ToolDefinition[] | undefined> {
  if (given === undefined) return undefined
  const parsed = await jsonOf('--tools', given)
  const list: unknown[] = Array.isArray(parsed) ? parsed : [parsed]
  return list.map((entry, i) => {
    const found = entry as { readonly function?: unknown } | null
    const definition = (found?.function ?? found) as ToolDefinition['function'] | null
    if (typeof definition?.name !== 'string')
      throw new UserError(`--tools: [${i}]: expected a function with a name`, 'invalid_argument')
    return { type: 'function', function: definition }
  })
}
