/**
 * What a stream of the AI SDK has to be, as a machine of states: nothing published checks providers. It begins with stream-start, then
 * response-metadata; blocks begin and end, one at a time, with ids of their own; a call comes after its input ended, with the same id
 * and text; finish, or an error, is last.
 */
type Part = { readonly type: string } & Readonly<Record<string, unknown>>

interface Block {
  readonly kind: string
  readonly id: string
  text: string
}

/** @throws Error that says which part is wrong; returns what the blocks say, in their order */
export function checkStream(parts: readonly object[]): { readonly kind: string; readonly text: string }[] {
  const machine = new StreamMachine()
  parts.forEach((part, at) => {
    try {
      machine.take(part as Part)
    } catch (error) {
      throw new Error(`part ${at} ${JSON.stringify(part)}: ${(error as Error).message}`, { cause: error })
    }
  })
  machine.end()
  return machine.blocks.map(({ kind, text }) => ({ kind, text }))
}

class StreamMachine {
  readonly blocks: Block[] = []
  private state: 'new' | 'started' | 'running' | 'over' = 'new'
  private open: Block | undefined
  private readonly inputs = new Map<string, Block>()
  private readonly calls = new Set<unknown>()

  take(part: Part): void {
    if (this.state === 'over') throw new Error('comes after the end')
    const before = { 'stream-start': 'new', 'response-metadata': 'started' }[part.type] ?? 'running'
    if (before !== this.state) throw new Error(`comes in the state ${this.state}`)
    const [, kind, what] = /^(text|reasoning|tool-input)-(start|delta|end)$/.exec(part.type) ?? []
    if (kind !== undefined) return this.block(kind, what!, part)
    if (this.open) throw new Error(`comes inside of the block ${this.open.id}`)
    switch (part.type) {
      case 'stream-start':
        if (!Array.isArray(part['warnings'])) throw new Error('has no warnings')
        this.state = 'started'
        return
      case 'response-metadata':
        if (typeof part['modelId'] !== 'string') throw new Error('has no modelId')
        this.state = 'running'
        return
      case 'tool-call':
        return this.call(part)
      case 'finish':
        this.finish(part)
        return
      case 'error':
        this.state = 'over'
        return
      default:
        throw new Error('is no part of a stream')
    }
  }

  end(): void {
    if (this.state !== 'over') throw new Error(`the stream ends in the state ${this.state}`)
  }

  private block(kind: string, what: string, { id, delta, toolName }: Part): void {
    if (typeof id !== 'string' || id === '') throw new Error('has no id')
    if (what === 'start') {
      if (this.open) throw new Error(`the block ${this.open.id} is open`)
      if (this.blocks.some((block) => block.id === id)) throw new Error('its id was there before')
      if (kind === 'tool-input' && typeof toolName !== 'string') throw new Error('has no toolName')
      this.open = { kind, id, text: '' }
      this.blocks.push(this.open)
      return
    }
    if (this.open?.id !== id || this.open.kind !== kind) throw new Error('its block is not open')
    if (what === 'delta') {
      if (typeof delta !== 'string' || delta === '') throw new Error('has no delta')
      this.open.text += delta
      return
    }
    if (kind === 'tool-input') this.inputs.set(id, this.open)
    this.open = undefined
  }

  private call({ toolCallId, toolName, input }: Part): void {
    if (this.calls.has(toolCallId)) throw new Error('the call was there before')
    this.calls.add(toolCallId)
    if (typeof toolName !== 'string' || typeof input !== 'string') throw new Error('has no name, or no text as input')
    const value: unknown = JSON.parse(input)
    if (typeof value !== 'object' || value === null) throw new Error('its input is no object')
    const block = this.inputs.get(String(toolCallId))
    if (!block) throw new Error('its input did not come before')
    if (block.text !== input) throw new Error(`its input is not what was streamed: ${block.text}`)
  }

  private finish({ finishReason, usage, providerMetadata }: Part): void {
    const reason = typeof finishReason === 'string' ? finishReason : (finishReason as { unified: string }).unified
    if (!['stop', 'length', 'tool-calls', 'other'].includes(reason)) throw new Error('its reason is none')
    if ((reason === 'tool-calls') !== this.calls.size > 0 && reason === 'tool-calls')
      throw new Error('there are no calls')
    if (this.calls.size > 0 && reason === 'stop') throw new Error('there are calls, and the loop of the SDK would end')
    if (typeof usage !== 'object' || typeof providerMetadata !== 'object') throw new Error('has no usage or metadata')
    this.state = 'over'
  }
}
