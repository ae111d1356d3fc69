/** Safari ends a composition just before the key that ended it. */
const AFTER_COMPOSITION_MS = 30
let composedAt = -Infinity

/** An input method is at work: its Enter chooses a word and sends nothing. */
export function isComposing({ isComposing, key }: Pick<KeyboardEvent, 'isComposing' | 'key'>): boolean {
  return isComposing || key === 'Process' || performance.now() - composedAt < AFTER_COMPOSITION_MS
}

export function compositionEnded(): void {
  composedAt = performance.now()
}
