import { z } from 'zod'
import type { CallToolResult } from '@modelcontextprotocol/server'
import { object } from '../../agent/objects/object.js'
import type { EngineLike } from '../../remote/engine-like.js'
import { UserError } from '../../errors.js'
import { VERSION } from '../../server/version.js'
import type { LoadFlags } from '../flags.js'
import { interruptible, openModel } from '../model.js'

/** Texts of one call of embed. */
const MOST_TEXTS = 100

/** Serves a model as an MCP server over standard input and output, until the input ends. */
export async function serveMcp(model: string | undefined, flags: LoadFlags): Promise<void> {
  const { McpServer, StdioServerTransport } = await library()
  const engine = await interruptible((signal) => openModel(model, flags, signal))
  const server = new McpServer({ name: 'kaiyuan', version: VERSION })
  const { name } = engine.info
  if (engine.info.hasChatTemplate)
    server.registerTool(
      'chat',
      { description: `An answer of the language model ${name}`, inputSchema: chatInput },
      (input, { mcpReq }) => answered(() => chatAnswer(engine, input, mcpReq.signal)),
    )
  server.registerTool(
    'embed',
    {
      description: `Vectors of texts, of length 1, by ${name}: the closer their direction, the closer the meaning`,
      inputSchema: embedInput,
    },
    (input, { mcpReq }) => answered(() => embeddings(engine, input, mcpReq.signal)),
  )
  server.registerTool(
    'tokenize',
    { description: `The tokens of a text, as ${name} reads it`, inputSchema: tokenizeInput },
    (input) => answered(() => tokens(engine, input)),
  )
  const transport = new StdioServerTransport()
  const ended = new Promise<void>((resolve) => {
    server.server.onclose = () => resolve()
    process.stdin.once('end', resolve)
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve())
  })
  await server.connect(transport)
  await ended
  await server.close()
  await engine.close()
}

async function library() {
  try {
    const [{ McpServer }, { StdioServerTransport }] = await Promise.all([
      import('@modelcontextprotocol/server'),
      import('@modelcontextprotocol/server/stdio'),
    ])
    return { McpServer, StdioServerTransport }
  } catch (cause) {
    throw new UserError(
      'kaiyuan mcp needs the package @modelcontextprotocol/server, which is not installed; run npm install @modelcontextprotocol/server next to kaiyuan',
      'unsupported_platform',
      { cause },
    )
  }
}

const chatInput = z.object({
  prompt: z.string().min(1).describe('What is asked'),
  system: z.string().optional().describe('How the model is to answer'),
  maxTokens: z.int().min(1).optional().describe('Most tokens of the answer'),
  temperature: z.number().min(0).max(100).optional(),
  seed: z.int().optional(),
  schema: z.record(z.string(), z.unknown()).optional().describe('A JSON Schema: the answer is JSON of it'),
})

async function chatAnswer(
  engine: EngineLike,
  { prompt, system, schema, ...options }: z.output<typeof chatInput>,
  signal: AbortSignal,
): Promise<string> {
  const messages = [
    ...(system === undefined ? [] : [{ role: 'system' as const, content: system }]),
    { role: 'user' as const, content: prompt },
  ]
  if (schema) return (await object(engine, schema, messages, { ...options, signal }).result).text
  const { text, finishReason } = await engine.chat(messages, { ...options, mustAnswer: true, signal }).result
  return finishReason === 'length' ? `${text}\n[cut off]` : text
}

const embedInput = z.object({ texts: z.array(z.string().min(1)).min(1).max(MOST_TEXTS) })

async function embeddings(
  engine: EngineLike,
  { texts }: z.output<typeof embedInput>,
  signal: AbortSignal,
): Promise<string> {
  const vectors: number[][] = []
  for (const text of texts) vectors.push(Array.from(await engine.embed(await engine.encode(text), undefined, signal)))
  return JSON.stringify(vectors)
}

const tokenizeInput = z.object({ text: z.string() })

async function tokens(engine: EngineLike, { text }: z.output<typeof tokenizeInput>): Promise<string> {
  const ids = await engine.encode(text)
  return JSON.stringify({ count: ids.length, ids, texts: await engine.tokenTexts(ids) })
}

/** What a caller can mend is a result that says so. */
async function answered(work: () => Promise<string>): Promise<CallToolResult> {
  try {
    return { content: [{ type: 'text', text: await work() }] }
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    return { content: [{ type: 'text', text: error.message }], isError: true }
  }
}
