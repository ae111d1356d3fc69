/** What became of a program. */
export type Verdict =
  | { readonly outcome: 'passed' }
  /** It threw, or ended itself before its last line. */
  | { readonly outcome: 'failed'; readonly error: string }
  | { readonly outcome: 'timed out'; readonly seconds: number }
  | { readonly outcome: 'out of memory'; readonly bytes: number }
  /** Nothing is known about the program: the reason says what is missing here. */
  | { readonly outcome: 'not run'; readonly reason: string }

export interface SandboxLimits {
  /** Of one program on the processor: a busy machine takes none of it away. */
  readonly seconds: number
  /** Of one program, without the interpreter's own. */
  readonly bytes: number
}

/** Of an error: the end of a long one is cut off. */
const LONGEST_ERROR = 1000

/** An error as text that fits into a record. */
export function errorText(text: string): string {
  const trimmed = text.trim()
  return trimmed.length <= LONGEST_ERROR ? trimmed : `${trimmed.slice(0, LONGEST_ERROR)} ...`
}

/** A verdict in a few words, for a person. */
export function describeVerdict(verdict: Verdict): string {
  switch (verdict.outcome) {
    case 'passed':
      return 'passed'
    case 'failed':
      return `failed: ${verdict.error}`
    case 'timed out':
      return `timed out after ${verdict.seconds} s`
    case 'out of memory':
      return `out of memory: more than ${Math.round(verdict.bytes / (1 << 20))} MiB`
    case 'not run':
      return `not run: ${verdict.reason}`
  }
}
