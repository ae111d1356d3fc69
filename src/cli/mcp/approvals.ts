import { createHash } from 'node:crypto'
import { mkdir, readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Approval, ApprovalRequest } from '../../agent/loop/calls.js'
import { visibleText } from '../../agent/mcp/tools.js'
import { isJsonObject } from '../../json.js'
import type { ServerTool } from '../../server/mcp/connect.js'
import { writeWhole } from '../whole-file.js'

/** Asks the person; undefined at the end of the input. */
export type Ask = (question: string) => Promise<string | undefined>

/** Of arguments, what a question shows; v shows all. */
const SHOWN = 200

interface Remembered {
  /** Hashes of tools that always, or never, may be called. */
  readonly always: readonly string[]
  readonly never: readonly string[]
  /** Hashes of what may be started. */
  readonly started: readonly string[]
}

const NOTHING: Remembered = { always: [], never: [], started: [] }

/**
 * What was allowed, in a file that only its owner can read. It is bound to what was allowed: where a server's command, or a tool's name,
 * description or schema change, it is asked for again.
 */
export class Approvals {
  private remembered = NOTHING

  constructor(private readonly file = join(homedir(), '.kaiyuan', 'mcp-approvals.json')) {}

  async read(): Promise<void> {
    try {
      const found: unknown = JSON.parse(await readFile(this.file, 'utf8'))
      this.remembered = { ...NOTHING, ...(isJsonObject(found) ? found : {}) }
    } catch {
      this.remembered = NOTHING
    }
  }

  /** Whether a tool may be called without a question; undefined: it has to be asked. */
  stateOf(tool: ServerTool): boolean | undefined {
    const hash = hashOfTool(tool)
    if (this.remembered.always.includes(hash)) return true
    return this.remembered.never.includes(hash) ? false : undefined
  }

  mayStart(server: unknown): boolean {
    return this.remembered.started.includes(hashOf(server))
  }

  remember(kind: 'always' | 'never', tool: ServerTool): Promise<void> {
    return this.add(kind, hashOfTool(tool))
  }

  rememberStart(server: unknown): Promise<void> {
    return this.add('started', hashOf(server))
  }

  private async add(kind: keyof Remembered, hash: string): Promise<void> {
    this.remembered = { ...this.remembered, [kind]: [...new Set([...this.remembered[kind], hash])] }
    try {
      await mkdir(dirname(this.file), { recursive: true, mode: 0o700 })
      await writeWhole(this.file, `${JSON.stringify(this.remembered, null, 1)}\n`)
    } catch {
      // It holds for this chat then.
    }
  }
}

/** Asks for each call of a tool that nobody has decided about: once, always, never, or not now. */
export async function askFor(
  tool: ServerTool,
  { input, signal }: Pick<ApprovalRequest, 'input' | 'signal'>,
  approvals: Approvals,
  ask: Ask,
): Promise<Approval> {
  const known = approvals.stateOf(tool)
  if (known !== undefined) return known || { allow: false, reason: 'this tool is never to be called' }
  const whole = visibleText(JSON.stringify(input))
  const shown = whole.length > SHOWN ? `${whole.slice(0, SHOWN)}...` : whole
  let question = `${tool.server.name} wants ${tool.listed.name} ${shown}\n`
  while (!signal.aborted) {
    const answer = await ask(`${question}[y] once [a] always [n] no [e] never [v] view: `)
    question = ''
    switch (answer?.trim().toLowerCase()[0]) {
      case 'y':
        return true
      case 'a':
        await approvals.remember('always', tool)
        return true
      case 'e':
        await approvals.remember('never', tool)
        return { allow: false, reason: 'this tool is never to be called' }
      case 'v':
        question = `${visibleText(JSON.stringify(input, null, 2))}\n`
        break
      case 'n':
      case undefined:
        return false
    }
  }
  return false
}

function hashOfTool({ server, listed }: ServerTool): string {
  return hashOf([server.named.server, listed.name, listed.description ?? null, listed.inputSchema])
}

function hashOf(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex')
}
