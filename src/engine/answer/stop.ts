import { UserError } from '../../errors.js'

/**
 * Looks for stop strings in text that arrives in pieces. What could still become a stop string is held back, so that
 * no part of one is ever given out. The result does not depend on where the pieces are cut.
 */
export class StopText {
  /** The stop string that was found. */
  found: string | undefined
  private held = ''
  private readonly longest: number

  /** @throws UserError invalid_argument for an empty stop string. */
  constructor(private readonly stops: readonly string[]) {
    if (stops.includes('')) {
      throw new UserError('a stop string must have at least one character; found an empty one', 'invalid_argument')
    }
    this.longest = Math.max(0, ...stops.map((stop) => stop.length))
  }

  /** The text that may be given out now; `stopped` when a stop string was found after it. */
  push(piece: string): { text: string; stopped: boolean } {
    const text = this.held + piece
    const found = this.find(text)
    if (found) {
      this.held = ''
      this.found = found.stop
      return { text: text.slice(0, found.at), stopped: true }
    }
    const keep = this.openAt(text)
    this.held = text.slice(keep)
    return { text: text.slice(0, keep), stopped: false }
  }

  /** Whether a stop string is complete once `piece` comes. */
  endsIn(piece: string): boolean {
    return piece !== '' && this.stops.length > 0 && this.find(this.held + piece) !== undefined
  }

  /** The held text, when nothing follows. */
  flush(): string {
    const text = this.held
    this.held = ''
    return text
  }

  /** The stop string that is complete first, and where it begins. */
  private find(text: string): { at: number; end: number; stop: string } | undefined {
    let found: { at: number; end: number; stop: string } | undefined
    for (const stop of this.stops) {
      const at = text.indexOf(stop)
      const end = at + stop.length
      if (at >= 0 && (!found || end < found.end || (end === found.end && at < found.at))) found = { at, end, stop }
    }
    return found
  }

  /** Where the longest end begins that is the beginning of a stop string. */
  private openAt(text: string): number {
    for (let at = Math.max(0, text.length - this.longest + 1); at < text.length; at++) {
      const end = text.slice(at)
      if (this.stops.some((stop) => stop.startsWith(end))) return at
    }
    return text.length
  }
}
