/** Tools of MCP servers that the responses API runs, with a real server and client of MCP in this process. */
import { Client, InMemoryTransport as ClientEnd } from '@modelcontextprotocol/client'
import { McpServer } from '@modelcontextprotocol/server'
import type OpenAI from 'openai'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { clientOf, post, serve, summed } from './requests.js'
import { callText, scriptedEngine, type Prompt } from './scripted.js'

/** What the tools were called with. */
const calls: string[] = []

async function clockServer(): Promise<Client> {
  const server = new McpServer({ name: 'clock', version: '1' })
  const inputSchema = z.object({ zone: z.string() })
  server.registerTool('now', { inputSchema, annotations: { readOnlyHint: true } }, ({ zone }) => {
    calls.push(`now ${zone}`)
    return { content: [{ type: 'text', text: `noon in ${zone}` }] }
  })
  server.registerTool('set', { inputSchema }, ({ zone }) => {
    calls.push(`set ${zone}`)
    return { content: [{ type: 'text', text: 'no permission' }], isError: true }
  })
  const [ours, theirs] = ClientEnd.createLinkedPair()
  const client = new Client({ name: 'test', version: '1' })
  await Promise.all([server.connect(theirs), client.connect(ours)])
  return client
}

let said: (prompt: Prompt) => string = () => ''
const prompts: Prompt[] = []
const engine = scriptedEngine((prompt) => {
  if (typeof prompt === 'string') return ''
  prompts.push(prompt)
  return said(prompt)
})
const gone = { listTools: () => Promise.reject(new Error('it is gone')), callTool: () => Promise.resolve({}) }
const server = await serve(engine, { mcp: { clock: await clockServer(), gone } })
const client = clientOf(server)
const model = 'scripted'
type Response = OpenAI.Responses.Response
const clock = { type: 'mcp' as const, server_label: 'clock', require_approval: 'never' as const }
const asking = { ...clock, require_approval: 'always' as const }

/** The calls, one a turn, and then an answer with the last result in it. */
const after = (...turns: string[]) => {
  said = ({ messages }) =>
    turns[messages.filter(({ role }) => role === 'tool').length] ?? `So: ${messages.at(-1)!.content}`
}
const typesOf = ({ output }: Response) => output.map(({ type }) => type)

describe('the mcp tool of responses', () => {
  it('runs calls here until there is an answer, and remembers them', async () => {
    after(callText('now', { zone: 'Oslo' }) + callText('now', { zone: 'Lima' }))
    calls.length = 0
    const first = await client.responses.create({ model, input: 'Times?', tools: [clock] })
    expect(typesOf(first)).toEqual(['mcp_list_tools', 'mcp_call', 'mcp_call', 'message'])
    expect(first.output_text).toBe('So: noon in Lima')
    expect(calls).toEqual(['now Oslo', 'now Lima'])
    const [list, call] = first.output
    expect(list).toMatchObject({ server_label: 'clock', tools: [{ name: 'now' }, { name: 'set' }] })
    const output = 'noon in Oslo'
    const args = '{"zone":"Oslo"}'
    expect(call).toMatchObject({ server_label: 'clock', name: 'now', arguments: args, output, status: 'completed' })
    expect(first.usage!.output_tokens).toBeGreaterThan(callText('now', { zone: 'Oslo' }).length * 2)

    // The next turn has the results, and does not list the tools again.
    said = ({ messages }) => messages.map(({ role }) => role).join(' ')
    const tools = [clock]
    const next = await client.responses.create({ model, input: 'And?', tools, previous_response_id: first.id })
    expect(typesOf(next)).toEqual(['message'])
    expect(next.output_text).toBe('user assistant tool tool assistant user')
    // The same from the items that a client keeps itself.
    const input = [
      { role: 'user' as const, content: 'Times?' },
      ...first.output,
      { role: 'user' as const, content: '?' },
    ]
    const own = await client.responses.create({ model, input: input as OpenAI.Responses.ResponseInput, tools: [clock] })
    expect(own.output_text).toBe('user assistant tool assistant tool assistant user')
  })

  it('streams events of lists and calls as OpenAI does', async () => {
    after(callText('now', { zone: 'Rome' }), callText('set', { zone: 'Rome' }))
    const stream = await client.responses.create({ model, input: 'Stream', tools: [clock], stream: true })
    const types: string[] = []
    const events: OpenAI.Responses.ResponseStreamEvent[] = []
    let end: Response | undefined
    const added = new Map<number, string>()
    for await (const event of stream) {
      expect(event.sequence_number).toBe(types.length)
      types.push(event.type.replace('response.', ''))
      events.push(event)
      if (event.type === 'response.output_item.added') added.set(event.output_index, event.item.id!)
      if ('item_id' in event && 'output_index' in event) expect(added.get(event.output_index)).toBe(event.item_id)
      if (event.type === 'response.completed') end = event.response
    }
    const once = types.filter((type, i) => type !== types[i - 1])
    const call = ['output_item.added', 'mcp_call.in_progress', 'mcp_call_arguments.delta', 'mcp_call_arguments.done']
    const list = ['output_item.added', 'mcp_list_tools.in_progress', 'mcp_list_tools.completed', 'output_item.done']
    expect(once.slice(0, 18)).toEqual([
      ...['created', 'in_progress', ...list],
      ...[...call, 'mcp_call.completed', 'output_item.done', ...call, 'mcp_call.failed', 'output_item.done'],
    ])
    expect(end!.output[2]).toMatchObject({ output: null, error: 'set failed: no permission', status: 'failed' })
    expect(JSON.stringify(end!.output.at(-1))).toContain('So: set failed: no permission')
    const again: OpenAI.Responses.ResponseStreamEvent[] = []
    for await (const event of await client.responses.retrieve(end!.id, { stream: true })) again.push(event)
    expect(summed(again)).toEqual(summed(events))
  })

  it.each(['remembered', 'sent'])('asks for approval, of a conversation that is %s', async (kind) => {
    after(callText('now', { zone: kind }))
    calls.length = 0
    const question = { role: 'user' as const, content: kind }
    const first = await client.responses.create({ model, input: [question], tools: [asking] })
    expect([typesOf(first), calls]).toEqual([['mcp_list_tools', 'mcp_approval_request'], []])
    const request = first.output[1]!
    expect(request).toMatchObject({ server_label: 'clock', name: 'now', arguments: `{"zone":"${kind}"}` })
    const answer = async (approve: boolean) => {
      const response = { type: 'mcp_approval_response' as const, approval_request_id: request.id!, approve }
      const before = kind === 'sent' ? [question, ...(first.output as OpenAI.Responses.ResponseInputItem[])] : []
      const rest = kind === 'sent' ? {} : { previous_response_id: first.id }
      return client.responses.create({ model, input: [...before, response], tools: [asking], ...rest })
    }
    const denied = await answer(false)
    expect([typesOf(denied), calls]).toEqual([['message'], []])
    expect(denied.output_text).toContain('did not allow this call')
    const approved = await answer(true)
    expect([typesOf(approved), calls]).toEqual([['mcp_call', 'message'], [`now ${kind}`]])
    expect(approved.output[0]).toMatchObject({ approval_request_id: request.id, output: `noon in ${kind}` })
    expect(approved.output_text).toBe(`So: noon in ${kind}`)
  })

  it('asks for what is not said to run by itself, and knows allowed tools alone', async () => {
    after(callText('now', { zone: 'a' }), callText('set', { zone: 'a' }))
    const filtered = { ...clock, require_approval: { never: { read_only: true } } }
    const some = await client.responses.create({ model, input: 'filter', tools: [filtered] })
    expect(typesOf(some)).toEqual(['mcp_list_tools', 'mcp_call', 'mcp_approval_request'])
    const only = { ...clock, allowed_tools: ['now'] }
    await client.responses.create({ model, input: 'only', tools: [only] })
    expect(prompts.at(-1)!.tools!.map((tool) => tool.function.name)).toEqual(['now'])
  })

  it.each([
    ['one tool of a server', { type: 'mcp', server_label: 'clock', name: 'set' }, /^set Oslo$/],
    ['any tool of a server', { type: 'mcp', server_label: 'clock' }, /^(now|set) Oslo$/],
    [
      'some of the tools',
      { type: 'allowed_tools', mode: 'required', tools: [{ type: 'mcp', server_label: 'clock', name: 'now' }] },
      /^now Oslo$/,
    ],
  ])('has to call %s where the choice says so, and then may answer', async (_, choice, made) => {
    after(callText('say', { zone: 'Oslo' }))
    calls.length = 0
    const parameters = { type: 'object', properties: { zone: { type: 'string' } } }
    const say = { type: 'function' as const, name: 'say', strict: false, parameters }
    const tool_choice = choice as unknown as OpenAI.Responses.ToolChoiceMcp
    const { output } = await client.responses.create({ model, input: 'Hi', tools: [say, clock], tool_choice })
    expect(calls).toEqual([expect.stringMatching(made)])
    expect(output.at(-1)!.type).toBe('message')
  })

  it('calls nothing where the choice is none, also of a model that would', async () => {
    after(callText('now', { zone: 'Oslo' }))
    const { output_text: text, output } = await client.responses.create({
      ...{ model, input: 'Hi', tools: [clock], tool_choice: 'none', max_output_tokens: 50 },
    })
    expect([output.length, text.includes('<tool_call>')]).toEqual([2, false])
  })

  it.each([
    [{ type: 'mcp' }, 'tool_choice.server_label'],
    [{ type: 'mcp', server_label: 'other' }, 'tool_choice'],
    [{ type: 'mcp', server_label: 'clock', name: 'stop' }, 'tool_choice'],
    [{ type: 'allowed_tools', mode: 'auto', tools: [{ type: 'mcp', server_label: 'x' }] }, 'tool_choice.tools[0]'],
  ])('refuses a choice of what is not there: %j', async (tool_choice, param) => {
    const response = await fetch(`${server.url}/v1/responses`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model, input: 'Hi', tools: [clock], tool_choice }),
    })
    const { error } = (await response.json()) as { error: { param: string } }
    expect([response.status, error.param]).toEqual([400, param])
  })

  it('leaves calls of functions to the client, also of the same name', async () => {
    const own = { type: 'function' as const, name: 'now', parameters: { type: 'object' }, strict: false }
    after(callText('clock__now', { zone: 'b' }) + callText('now', {}))
    const mixed = await client.responses.create({ model, input: 'mixed', tools: [own, clock] })
    expect(typesOf(mixed)).toEqual(['mcp_list_tools', 'mcp_call', 'function_call'])
    expect(mixed.output[1]).toMatchObject({ name: 'now', output: 'noon in b' })
  })

  it('checks arguments, and ends a model that calls without end', async () => {
    after(callText('now', { zone: 1 }))
    calls.length = 0
    const wrong = await client.responses.create({ model, input: 'wrong', tools: [clock] })
    expect(wrong.output[1]).toMatchObject({
      status: 'failed',
      error: expect.stringMatching(/^The arguments do not fit/),
    })
    said = ({ messages, tools }) => (tools ? callText('now', { zone: `${messages.length}` }) : 'enough')
    // The client's types do not have it.
    const limit: object = { max_tool_calls: 2 }
    const endless = await client.responses.create({ model, input: 'endless', tools: [clock], ...limit })
    expect(calls).toEqual(['now 1', 'now 3'])
    expect(endless.output_text).toBe('enough')
    const cut = await client.responses.create({ model, input: 'cut', tools: [clock], max_output_tokens: 120 })
    expect([cut.status, cut.usage!.output_tokens <= 120]).toEqual(['incomplete', true])
  })

  it.each([
    [{ server_label: 'files' }, 400, 'tools[0].server_label', /"files" is not run here; allowed are clock, gone/],
    [{ server_label: 'toString' }, 400, 'tools[0].server_label', /is not run here/],
    [{ server_url: 'https://a.example' }, 400, 'tools[0].server_url', /another address/],
    [{ authorization: 'secret' }, 400, 'tools[0].authorization', /leave it out/],
    [{ server_label: 'gone' }, 424, 'tools[0]', /gave no list of its tools: it is gone/],
  ])('refuses %o', async (more, status, param, message) => {
    const refusal = await post(
      server,
      JSON.stringify({ model, input: 'x', tools: [{ ...clock, ...more }] }),
      '/v1/responses',
    )
    expect([refusal.status, refusal.error.param]).toEqual([status, param])
    expect(refusal.error.message).toMatch(message)
  })

  it('refuses approvals of what was never asked', async () => {
    const input = [{ type: 'mcp_approval_response', approval_request_id: 'mcpr_1', approve: true }]
    const refusal = await post(server, JSON.stringify({ model, input, tools: [clock] }), '/v1/responses')
    expect([refusal.status, refusal.error.code]).toEqual([400, 'item_not_found'])
  })
})
