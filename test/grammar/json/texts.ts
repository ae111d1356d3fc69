/** Texts of schemas: which are accepted, and random ones. */
import { Automaton } from '../../../src/grammar/automaton/automaton.js'
import { schemaNode } from '../../../src/grammar/json/schema.js'
import type { JsonStyle } from '../../../src/grammar/json/style/options.js'

export async function automatonOf(schema: unknown, style: JsonStyle = {}): Promise<Automaton> {
  return new Automaton(await schemaNode(schema, style))
}

export function accepts(automaton: Automaton, text: string): boolean {
  let state = automaton.initial
  for (const byte of new TextEncoder().encode(text)) state = automaton.go(state, byte)
  return automaton.accepts(state)
}

const CLOSING = new Set(Array.from('"}],:01', (char) => char.charCodeAt(0)))
const LONGEST = 4000

/** A text at random, or undefined where it does not come to an end. */
export function randomText(automaton: Automaton, random: () => number): string | undefined {
  const bytes: number[] = []
  for (let state = automaton.initial; bytes.length < LONGEST;) {
    const text = (): string => new TextDecoder().decode(Uint8Array.from(bytes))
    const from = state
    const next = Array.from({ length: 128 }, (_, byte) => byte).filter((byte) => automaton.go(from, byte) !== 0)
    if (automaton.accepts(state) && (next.length === 0 || random() < 0.3)) return text()
    if (next.length === 0) throw new Error(`nothing may follow ${text()}`)
    const closing = next.filter((byte) => CLOSING.has(byte))
    const choices = closing.length > 0 && random() < (bytes.length > 100 ? 0.9 : 0.4) ? closing : next
    const byte = choices[Math.floor(random() * choices.length)]!
    bytes.push(byte)
    state = automaton.go(state, byte)
  }
  return undefined
}
