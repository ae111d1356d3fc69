/** What takes much memory while it is done. */
import { UserError } from '../errors.js'

/** As many at once: another one may be long. */
const PLACES = 2
/** Owners whose turns are remembered. */
const REMEMBERED = 64

interface Waiting {
  readonly owner: string
  readonly size: number
  readonly go: () => void
}

/**
 * Lets a few works be done at once. A place that is free goes to the owner who has not had one for longest, and of his works to the smallest.
 * @example
 * const leave = await works.enter(owner, text.length, signal)
 * try { await compile(text) } finally { leave() }
 */
export class LargeWorks {
  private taken = 0
  private waiting: Waiting[] = []
  /** The client that was served last comes last. */
  private readonly lately = new Set<string>()

  /** Resolves when there is a place, with what gives it back. @throws UserError aborted */
  enter(owner: string, size: number, signal: AbortSignal): Promise<() => void> {
    return new Promise((resolve, reject) => {
      const cancel = (): void => {
        this.waiting = this.waiting.filter((other) => other !== own)
        reject(new UserError('nobody waits for the grammar any more', 'aborted'))
      }
      const go = (): void => {
        signal.removeEventListener('abort', cancel)
        this.taken++
        this.remember(owner)
        resolve(() => this.leave())
      }
      const own = { owner, size, go }
      if (signal.aborted) return cancel()
      signal.addEventListener('abort', cancel)
      this.waiting.push(own)
      this.next()
    })
  }

  private leave(): void {
    this.taken--
    this.next()
  }

  private next(): void {
    if (this.taken >= PLACES || this.waiting.length === 0) return
    const order = [...this.lately]
    const isBefore = (a: Waiting, b: Waiting): boolean => {
      const turns = order.indexOf(a.owner) - order.indexOf(b.owner)
      return turns < 0 || (turns === 0 && a.size < b.size)
    }
    const first = this.waiting.reduce((one, other) => (isBefore(other, one) ? other : one))
    this.waiting.splice(this.waiting.indexOf(first), 1)
    first.go()
  }

  private remember(owner: string): void {
    this.lately.delete(owner)
    this.lately.add(owner)
    const [first] = this.lately
    if (this.lately.size > REMEMBERED && first !== undefined) this.lately.delete(first)
  }
}
