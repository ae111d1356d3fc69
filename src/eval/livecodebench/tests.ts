/** Tests of a problem, as they are published: those that are shown as JSON, those that are hidden packed. */
import { UserError } from '../../errors.js'
import { isJsonObject, type JsonObject } from '../../json.js'
import { textOf } from '../data/fields.js'
import { pickledText } from './pickled.js'

export interface ProblemTest {
  /** Standard input; of a function, its arguments as JSON, one a line. */
  readonly input: string
  /** Standard output; of a function, its result as JSON. */
  readonly output: string
}

/** All tests: first those that the question shows. @throws UserError in words, for what cannot be read */
export async function testsOf(doc: JsonObject): Promise<ProblemTest[]> {
  const name = `tests of ${textOf(doc, 'question_id')}`
  const shown = listOf(textOf(doc, 'public_test_cases'), name)
  const hidden = textOf(doc, 'private_test_cases')
  return [...shown, ...listOf(hidden.trimStart().startsWith('[') ? hidden : await unpacked(hidden, name), name)]
}

/** base64 of what zlib made of a pickle of a text. */
async function unpacked(packed: string, name: string): Promise<string> {
  let bytes: Uint8Array<ArrayBuffer>
  try {
    const raw = Uint8Array.from(atob(packed), (character) => character.charCodeAt(0))
    const stream = new Response(raw).body!.pipeThrough(new DecompressionStream('deflate'))
    bytes = new Uint8Array(await new Response(stream).arrayBuffer())
  } catch (cause) {
    throw new UserError(`${name}: expected base64 of zlib, found something else`, 'invalid_file', { cause })
  }
  return pickledText(bytes, name)
}

function listOf(json: string, name: string): ProblemTest[] {
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch (cause) {
    throw new UserError(`${name}: expected JSON, found ${json.slice(0, 40)}`, 'invalid_file', { cause })
  }
  if (!Array.isArray(value)) throw new UserError(`${name}: expected a list, found ${json.slice(0, 40)}`, 'invalid_file')
  return value.filter(isJsonObject).map((one) => ({ input: textOf(one, 'input'), output: textOf(one, 'output') }))
}
