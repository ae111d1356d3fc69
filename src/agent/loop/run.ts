import { KeptStream } from '../../kept-stream.js'
import type { ChatMessage } from '../../chat/message.js'
import { Loop } from './loop.js'
import type { AgentPart, AgentResult } from './parts.js'
import type { RunSetup } from './setup.js'

/**
 * A run of an agent: iterate for its parts, await `result` for the whole. What came is kept, and leaving the loop early aborts the
 * run. A run that is aborted has a result with all that came so far; failures of the model come out of the loop and of `result`.
 */
export class AgentRun<T = undefined> implements AsyncIterable<AgentPart> {
  readonly result: Promise<AgentResult<T>>
  private readonly stream: KeptStream<AgentPart, AgentResult<T>>

  constructor(
    setup: RunSetup,
    input: readonly ChatMessage[],
    {
      signal,
      messages = [],
    }: { readonly signal?: AbortSignal | undefined; readonly messages?: readonly ChatMessage[] | undefined },
  ) {
    this.stream = new KeptStream((push, own) => {
      const all = signal ? AbortSignal.any([signal, own]) : own
      const loop = new Loop(setup, startOf(setup.system, messages, input), all, push)
      return loop.run() as Promise<AgentResult<T>>
    })
    this.result = this.stream.result
  }

  /**
   * Ends the model and the tools.
   * @example
   * const run = agent(engine, { maxTokens: 500 }).run('Count to a thousand')
   * run.abort()
   * console.log((await run.result).finishReason) // abort
   */
  abort(): void {
    this.stream.abort()
  }

  /**
   * The texts that the model says, without thoughts and calls.
   * @example
   * for await (const text of agent(engine, { maxTokens: 16 }).run('Hello').texts()) process.stdout.write(text)
   */
  async *texts(): AsyncGenerator<string, void, undefined> {
    for await (const part of this) if (part.kind === 'text') yield part.text
  }

  [Symbol.asyncIterator](): AsyncGenerator<AgentPart, void, undefined> {
    return this.stream.each()
  }
}

/** The agent's own system message comes first, unless the conversation has one. */
function startOf(
  system: string | undefined,
  earlier: readonly ChatMessage[],
  input: readonly ChatMessage[],
): ChatMessage[] {
  const all = [...earlier, ...input]
  if (system === undefined || all[0]?.role === 'system') return all
  return [{ role: 'system', content: system }, ...all]
}
