import type { parseJson } from '../../src/chat/python/json.js'
import type { jinjaTemplate } from '../../src/chat/template.js'
import type { Conversation } from './sets.mjs'

export interface Outcome {
  readonly text?: string
  readonly error?: string
}

export interface Compared {
  readonly kind: 'same' | 'meant' | 'refused' | 'known' | 'different'
  readonly where?: string
  readonly reason?: string
}

export interface Chat {
  readonly jinjaTemplate: typeof jinjaTemplate
  readonly parseJson: typeof parseJson
}

export function renderOurs(
  chat: Chat,
  file: string,
  source: string,
  conversations: Readonly<Record<string, Conversation>>,
): (conversation: string) => Outcome
export function compared(
  template: string,
  conversation: string,
  expected: readonly [asGiven: Outcome, asMeant: Outcome],
  got: Outcome,
): Compared
export function comparedOneLiners(chat: Chat, expected: readonly Outcome[]): string[]
