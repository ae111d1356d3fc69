/** One line for everything that happens. Keys are never in it; prompts only where the operator asked for them. */
export interface LogEntry {
  readonly event: 'request' | 'engine' | 'server' | 'error'
  readonly message?: string
  readonly [field: string]: unknown
}

export type Log = (entry: LogEntry) => void

/** @param write takes one line with its end */
export function createLog(format: 'text' | 'json', write: (line: string) => void): Log {
  return (entry) => {
    const time = new Date().toISOString()
    write(format === 'json' ? `${JSON.stringify({ time, ...entry })}\n` : `${time} ${textLine(entry)}\n`)
  }
}

function textLine({ event, message, ...fields }: LogEntry): string {
  const shown = Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${typeof value === 'string' ? quoted(value) : JSON.stringify(value)}`)
  return [event, ...(message === undefined ? [] : [oneLine(message)]), ...shown].join(' ')
}

function quoted(text: string): string {
  return /^[\w./:{}@-]+$/.test(text) ? text : JSON.stringify(text)
}

/** What others wrote may not begin a line of its own. */
function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ')
}
