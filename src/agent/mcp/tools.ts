/**
 * Tools of an MCP server as tools of an agent. The client is whoever connected it: a `Client` of @modelcontextprotocol/client has
 * this shape. What a server says of its tools is its own word: it is told to the model, and never trusted.
 */
import { tool, type Tool } from '../tool.js'
import { resultMedia, resultOf, type McpResult } from './results.js'

/** A tool as a server lists it. */
export interface McpTool {
  readonly name: string
  readonly description?: string | undefined
  readonly inputSchema: Readonly<Record<string, unknown>>
  readonly annotations?:
    | {
        readonly title?: string | undefined
        readonly readOnlyHint?: boolean | undefined
        readonly destructiveHint?: boolean | undefined
      }
    | undefined
}

/** What is asked of a client of MCP. */
export interface McpClient {
  listTools(params?: { cursor?: string }): Promise<{
    readonly tools: readonly McpTool[]
    readonly nextCursor?: string | undefined
  }>
  callTool(
    params: { name: string; arguments?: Record<string, unknown> },
    options?: {
      signal?: AbortSignal
      timeout?: number
      maxTotalTimeout?: number
      resetTimeoutOnProgress?: boolean
      onprogress?: (progress: { progress: number; total?: number | undefined; message?: string | undefined }) => void
    },
  ): Promise<unknown>
}

export interface McpToolsOptions {
  /** Which tools are taken; all by default. */
  readonly only?: ((tool: McpTool) => boolean) | undefined
  /** In front of the names, with `__` between: the server's name, where there are several. */
  readonly prefix?: string | undefined
  /** Whether `approve` of the agent is asked before each call: true by default. */
  readonly approval?: boolean | ((tool: McpTool) => boolean) | undefined
  /** Milliseconds without news of a call: 60,000 by default; progress extends it, to ten times as many. */
  readonly timeoutMs?: number | undefined
}

const TIMEOUT_MS = 60_000
const LONGEST = 10
const MOST_DESCRIPTION = 1_000
const MOST_NAME = 64
/** Pages of a list of tools: a server that never ends is left. */
const MOST_PAGES = 50

/**
 * The tools of a server. What their schemas ask for is checked before each call, and those that cannot be checked are left to the
 * server. Each call has to be approved unless `approval` says otherwise.
 * @example
 * const client: McpClient = {
 *   listTools: async () => ({ tools: [{ name: 'now', inputSchema: { type: 'object' } }] }),
 *   callTool: async () => ({ content: [{ type: 'text', text: 'noon' }] }),
 * }
 * const tools = await mcpTools(client, { prefix: 'clock', approval: false })
 * console.log(tools[0]?.name) // clock__now
 */
export async function mcpTools(client: McpClient, options: McpToolsOptions = {}): Promise<Tool[]> {
  const { only = () => true, prefix } = options
  const names = new Set<string>()
  const listed = (await listedTools(client)).filter(only)
  return listed.map((listedTool) => {
    const name = uniqueName(prefix === undefined ? listedTool.name : `${prefix}__${listedTool.name}`, names)
    names.add(name)
    return agentTool(client, listedTool, name, options)
  })
}

async function listedTools(client: McpClient): Promise<McpTool[]> {
  const all: McpTool[] = []
  let cursor: string | undefined
  for (let page = 0; page < MOST_PAGES; page++) {
    const { tools, nextCursor } = await client.listTools(cursor === undefined ? undefined : { cursor })
    all.push(...tools)
    if (nextCursor === undefined || nextCursor === '') break
    cursor = nextCursor
  }
  return all
}

function agentTool(client: McpClient, listed: McpTool, name: string, options: McpToolsOptions): Tool {
  const { approval = true, timeoutMs = TIMEOUT_MS } = options
  return tool({
    name,
    description: described(listed.description ?? listed.annotations?.title),
    parameters: listed.inputSchema,
    approval: typeof approval === 'function' ? approval(listed) : approval,
    timeoutMs: timeoutMs * LONGEST,
    toModel: (result: McpResult) => resultMedia(result),
    async execute(input, { signal, progress }): Promise<McpResult> {
      const given = { name: listed.name, arguments: input as Record<string, unknown> }
      const result = await client.callTool(given, {
        signal,
        timeout: timeoutMs,
        maxTotalTimeout: timeoutMs * LONGEST,
        resetTimeoutOnProgress: true,
        onprogress: (news) => progress(news),
      })
      return resultOf(result)
    },
  })
}

/** As models write names: letters, digits, _ and -; a name that is taken gets a number. */
function uniqueName(given: string, taken: ReadonlySet<string>): string {
  const clean = given.replace(/[^A-Za-z0-9_-]/g, '_').replace(/^(?=[^A-Za-z_])/, '_')
  let name = clean.slice(0, MOST_NAME)
  for (let n = 2; taken.has(name); n++) name = `${clean.slice(0, MOST_NAME - String(n).length - 1)}_${n}`
  return name
}

/** What a server says of its tool, cut, with characters shown that nobody would see. */
function described(text: string | undefined): string | undefined {
  if (text === undefined) return undefined
  const visible = visibleText(text)
  return visible.length > MOST_DESCRIPTION ? `${visible.slice(0, MOST_DESCRIPTION)}...` : visible
}

/** Controls, marks that turn the direction of text, and characters without a width, as U+202E. */
export function visibleText(text: string): string {
  return text.replace(
    /[^\P{C}\n\t]/gu,
    (character) => `U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}`,
  )
}
