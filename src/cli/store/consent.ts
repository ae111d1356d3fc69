import { createInterface } from 'node:readline'
import { UserError } from '../../errors.js'
import type { Offer } from '../../store/resolve.js'
import { inBytes } from '../../store/wording.js'

/** What is smaller is fetched without a word. */
const ASKED_BYTES = 2e9

/** Puts a question to a person; undefined for Ctrl-C and the end of the input. */
export type Ask = (question: string) => Promise<string | undefined>

/** Where a person sits, if one does. */
export interface Desk {
  readonly input: NodeJS.ReadableStream & { readonly isTTY?: boolean }
  readonly output: NodeJS.WritableStream & { readonly isTTY?: boolean }
}

/**
 * Asks before a command that needs a model fetches much: it was not asked to.
 * @throws UserError where nobody can be asked, with what to type, and where the answer is no
 */
export async function askBefore(
  { name, bytes }: Pick<Offer, 'name' | 'bytes'>,
  yes: boolean | undefined,
  ask: Ask | undefined,
): Promise<void> {
  if (yes === true || bytes < ASKED_BYTES) return
  if (!ask)
    throw new UserError(
      `${name}: is not on this machine, and ${inBytes(bytes)} would be fetched. Fetch it with kaiyuan pull ${name}, or continue with --yes.`,
      'invalid_argument',
    )
  const answer = await ask(`${name}: fetch ${inBytes(bytes)} now? [Y/n] `)
  if (answer !== undefined && /^\s*(?:y|yes|)\s*$/i.test(answer)) return
  throw new UserError(`${name}: nothing was fetched. Whenever it suits: kaiyuan pull ${name}`, 'aborted')
}

/** Undefined where nobody sits. */
export function askAt(desk: Desk = { input: process.stdin, output: process.stderr }): Ask | undefined {
  return desk.input.isTTY && desk.output.isTTY ? (question) => answerTo(question, desk) : undefined
}

function answerTo(question: string, { input, output }: Desk): Promise<string | undefined> {
  const lines = createInterface({ input, output })
  return new Promise((resolve) => {
    lines.once('SIGINT', () => lines.close())
    lines.once('close', () => resolve(undefined))
    lines.question(question, (answer) => {
      resolve(answer)
      lines.close()
    })
  })
}
