import type { Approve } from '../../agent/loop/calls.js'
import { visibleText } from '../../agent/mcp/tools.js'
import { definitionOf, type Tool } from '../../agent/tool.js'
import { UserError } from '../../errors.js'
import { readMcpConfig, type NamedServer } from '../../server/mcp/config.js'
import { connectServers, type McpServers, type ServerTool } from '../../server/mcp/connect.js'
import { Approvals, askFor, type Ask } from './approvals.js'

/** Characters of a token, roughly. */
const PER_TOKEN = 3.5
/** Of what a person reads before a server is started. */
const MANY_TOOLS = 32

export interface ChatToolsOptions {
  readonly ask: Ask
  readonly note: (text: string) => void
  /** Start servers without a question: --mcp-yes. */
  readonly yes: boolean
  readonly isTerminal: boolean
}

/** The tools of the MCP servers of a chat, each call of which the person approves. */
export class ChatTools {
  private readonly byName: ReadonlyMap<string, ServerTool>

  private constructor(
    private readonly servers: McpServers,
    private readonly approvals: Approvals,
    private readonly options: ChatToolsOptions,
  ) {
    this.byName = new Map(servers.tools.map((one) => [one.tool.name, one]))
  }

  /**
   * Starts the servers of a file, once the person has seen what will be started.
   * @throws UserError for a file that cannot be read, or servers that nobody allowed
   */
  static async open(file: string, options: ChatToolsOptions): Promise<ChatTools> {
    const named = readMcpConfig(file)
    const approvals = new Approvals()
    await approvals.read()
    await allowStart(file, named, approvals, options)
    const servers = await connectServers(named)
    for (const { name, reason } of servers.failures) options.note(`(the MCP server ${name} is left out: ${reason})`)
    const tools = new ChatTools(servers, approvals, options)
    options.note(`(${servers.tools.length} tools of ${servers.servers.length} MCP servers; /tools lists them)`)
    if (servers.tools.length > MANY_TOOLS)
      options.note(`(their descriptions take about ${tools.tokens} tokens of every prompt)`)
    return tools
  }

  get tools(): readonly Tool[] {
    return this.servers.tools.map(({ tool }) => tool)
  }

  /** Asks the person, and one question at a time. */
  readonly approve: Approve = (request) => {
    const found = this.byName.get(request.tool.name)
    if (!found) return false
    const answer = this.asking.then(() => askFor(found, request, this.approvals, this.options.ask))
    this.asking = answer.catch(() => undefined)
    return answer
  }
  private asking: Promise<unknown> = Promise.resolve()

  /** Each tool: whether its calls are asked for, what it costs of a prompt, and all that its server says of it. */
  list(): string {
    const lines = this.servers.tools.map((one) => {
      const state = { true: 'always', false: 'never', undefined: 'asks' }[String(this.approvals.stateOf(one))] ?? 'asks'
      const about = visibleText(one.listed.description ?? '').trim()
      return `${one.tool.name}  (${state}, about ${tokensOf(one.tool)} tokens)${about === '' ? '' : `\n  ${about.replaceAll('\n', '\n  ')}`}`
    })
    return lines.length === 0 ? 'no tools' : lines.join('\n')
  }

  close(): Promise<void> {
    return this.servers.close()
  }

  private get tokens(): number {
    return this.servers.tools.reduce((sum, { tool }) => sum + tokensOf(tool), 0)
  }
}

function tokensOf(tool: Tool): number {
  return Math.ceil(JSON.stringify(definitionOf(tool)).length / PER_TOKEN)
}

/** A command of a file is code: it is shown before it is run, unless it was allowed as it is. */
async function allowStart(
  file: string,
  named: readonly NamedServer[],
  approvals: Approvals,
  { ask, note, yes, isTerminal }: ChatToolsOptions,
): Promise<void> {
  const news = named.filter(({ server }) => !approvals.mayStart(server))
  if (news.length === 0 || yes) return
  const lines = news.map(({ name, server }) => {
    const what = server.kind === 'http' ? server.url : [server.command, ...server.args].join(' ')
    return `  ${name}: ${visibleText(what)}`
  })
  if (!isTerminal)
    throw new UserError(
      `${file}: these servers were not started before, and nobody can be asked; --mcp-yes allows them:\n${lines.join('\n')}`,
      'access_denied',
    )
  note(`${file} starts:\n${lines.join('\n')}`)
  if ((await ask('Start them? [y/n] '))?.trim().toLowerCase()[0] !== 'y')
    throw new UserError(`${file}: the servers were not allowed to start`, 'access_denied')
  for (const { server } of news) await approvals.rememberStart(server)
}
