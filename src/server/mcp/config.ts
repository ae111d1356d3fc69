import { readFileSync } from 'node:fs'
import { UserError } from '../../errors.js'
import { isJsonObject, type JsonObject } from '../../json.js'
import { reasonOf } from '../../system-error.js'

/** A server that is started here and talks over its standard input and output. */
export interface StdioServer {
  readonly kind: 'stdio'
  readonly command: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly cwd?: string | undefined
}

/** A server at an address: streamable HTTP. */
export interface HttpServer {
  readonly kind: 'http'
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
}

export interface NamedServer {
  readonly name: string
  readonly server: StdioServer | HttpServer
}

/**
 * MCP servers of a file in the form of Claude Desktop, Cursor and Claude Code (`mcpServers`) or of VS Code (`servers`).
 * `${NAME}` and `${env:NAME}` stand for variables of the environment.
 * @throws UserError that names the file and the place in it
 */
export function readMcpConfig(file: string): NamedServer[] {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (cause) {
    throw new UserError(`${file}: cannot be read: ${reasonOf(cause)}`, 'file_not_found', { cause })
  }
  return parseMcpConfig(text, file, process.env)
}

/** @throws UserError likewise */
export function parseMcpConfig(
  text: string,
  file: string,
  env: Readonly<Record<string, string | undefined>>,
): NamedServer[] {
  let config: unknown
  try {
    config = JSON.parse(text)
  } catch (cause) {
    throw new UserError(`${file}: expected JSON, but ${(cause as Error).message}`, 'invalid_file', { cause })
  }
  const reader = new ConfigReader(file, env)
  const all = reader.object(config, '')
  if (all['inputs'] !== undefined)
    throw new UserError(
      `${file}: inputs: values cannot be asked for here; write \${env:NAME} in their place`,
      'invalid_file',
    )
  const key = 'mcpServers' in all ? 'mcpServers' : 'servers'
  return Object.entries(reader.object(all[key], key)).map(([name, server]) => ({
    name,
    server: reader.server(reader.object(server, `${key}.${name}`), `${key}.${name}`),
  }))
}

class ConfigReader {
  constructor(
    private readonly file: string,
    private readonly env: Readonly<Record<string, string | undefined>>,
  ) {}

  server(given: JsonObject, path: string): StdioServer | HttpServer {
    const { type, command, url } = given
    if (command !== undefined) {
      if (type !== undefined && type !== 'stdio') throw this.wrong(`${path}.type`, 'stdio, next to a command', type)
      const cwd = given['cwd'] === undefined ? undefined : this.text(given['cwd'], `${path}.cwd`)
      return {
        kind: 'stdio',
        command: this.text(command, `${path}.command`),
        args: this.list(given['args'] ?? [], `${path}.args`),
        env: this.texts(given['env'] ?? {}, `${path}.env`),
        cwd,
      }
    }
    if (url === undefined) throw this.wrong(path, 'a command or a url', given)
    if (type === 'sse')
      throw new UserError(
        `${this.file}: ${path}.type: SSE is the old transport; give the address of streamable HTTP, with type http`,
        'invalid_file',
      )
    if (type !== undefined && type !== 'http' && type !== 'streamable-http')
      throw this.wrong(`${path}.type`, 'http, next to a url', type)
    const address = this.text(url, `${path}.url`)
    if (!/^https?:\/\//.test(address) || !URL.canParse(address))
      throw this.wrong(`${path}.url`, 'an address that begins with http', address)
    return { kind: 'http', url: address, headers: this.texts(given['headers'] ?? {}, `${path}.headers`) }
  }

  object(value: unknown, path: string): JsonObject {
    if (isJsonObject(value)) return value
    throw this.wrong(path === '' ? 'the file' : path, path === '' ? 'an object with mcpServers' : 'an object', value)
  }

  private list(value: unknown, path: string): string[] {
    if (!Array.isArray(value)) throw this.wrong(path, 'an array of texts', value)
    return value.map((item, i) => this.text(item, `${path}[${i}]`))
  }

  private texts(value: unknown, path: string): Record<string, string> {
    const entries = Object.entries(this.object(value, path))
    return Object.fromEntries(entries.map(([name, text]) => [name, this.text(text, `${path}.${name}`)]))
  }

  private text(value: unknown, path: string): string {
    if (typeof value !== 'string') throw this.wrong(path, 'a text', value)
    return value.replace(/\$\{(?:env:)?(\w+)(?::-([^}]*))?\}/g, (whole, name: string, otherwise?: string) => {
      const found = this.env[name] ?? otherwise
      if (found !== undefined) return found
      throw new UserError(
        `${this.file}: ${path}: the environment has no ${name}, which ${whole} asks for`,
        'invalid_file',
      )
    })
  }

  private wrong(path: string, expected: string, found: unknown): UserError {
    const shown = JSON.stringify(found) ?? 'nothing'
    return new UserError(
      `${this.file}: ${path}: expected ${expected}; found ${shown.length > 80 ? `${shown.slice(0, 77)}...` : shown}`,
      'invalid_file',
    )
  }
}
