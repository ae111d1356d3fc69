import { createInterface } from 'node:readline'
import { UserError } from '../../errors.js'
import type { Offer } from '../../store/resolve.js'
import { inBytes } from '../../store/wording.js'

/** What is smaller is fetched without a word. */
const ASKED_BYTES = 2e9

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
  { input, output }: Desk = { input: process.stdin, output: process.stderr },
): Promise<void> {
  if (yes === true || bytes < ASKED_BYTES) return
  if (input.isTTY !== true || output.isTTY !== true)
    throw new UserError(
      `${name}: is not on this machine, and ${inBytes(bytes)} would be fetched. Fetch it with kaiyuan pull ${name}, or continue with --yes.`,
      'invalid_argument',
    )
  const answer = await answerTo(`${name}: fetch ${inBytes(bytes)} now? [Y/n] `, { input, output })
  if (answer !== undefined && /^\s*(?:y|yes|)\s*$/i.test(answer)) return
  throw new UserError(`${name}: nothing was fetched. Whenever it suits: kaiyuan pull ${name}`, 'aborted')
}

/** Undefined for Ctrl-C and the end of the input. */
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
