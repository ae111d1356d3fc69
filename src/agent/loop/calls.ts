import type { ChatMessage } from '../../chat/message.js'
import type { ToolCall } from '../../remote/engine-like.js'
import { parsedArguments, validated, type Issue } from '../schema/schema.js'
import { StopRun, type Tool } from '../tool.js'
import { execute, ToolTimeout, untilAborted } from './execute.js'
import type { AgentPart, ToolFault, ToolResult } from './parts.js'
import { Repeats } from './repeats.js'
import { ABORTED, badArguments, denied, failed, repeated, resultText, shortened, unknownTool } from './wording.js'

/** Whether a call may be made. input: what it was changed to; it is checked again. */
export type Approval =
  boolean | { readonly allow: boolean; readonly reason?: string | undefined; readonly input?: unknown }

export interface ApprovalRequest {
  readonly tool: Tool
  readonly input: unknown
  readonly call: ToolCall
  readonly signal: AbortSignal
}

export type Approve = (request: ApprovalRequest) => Approval | Promise<Approval>

/** What calls are made with. */
export interface CallSetup {
  readonly tools: ReadonlyMap<string, Tool>
  readonly approve: Approve | undefined
  readonly signal: AbortSignal
  readonly emit: (part: AgentPart) => void
  /** Most characters of a result that the model reads. */
  readonly toolText: number
  readonly parallelTools: number
}

/** The calls of one step. */
export interface StepCalls {
  readonly step: number
  readonly calls: readonly ToolCall[]
  readonly messages: readonly ChatMessage[]
}

const REPEATS = 3
const MOST_ISSUES = 5

/** Something other than the tool's own result. */
class Fault extends Error {
  constructor(
    readonly fault: ToolFault,
    message: string,
  ) {
    super(message)
  }
}

/** Makes the calls of a run: checks them, asks whether they may be made, runs them side by side, and words what came of them. */
export class Calls {
  /** Why the run has to end. */
  stopped: StopRun | undefined
  private readonly repeats = new Repeats()
  private running = 0
  private aloneRuns = false
  private waiting: (() => void)[] = []

  constructor(private readonly setup: CallSetup) {}

  /** A result for each of the calls, in their order, always all of them. */
  async make({ step, calls, messages }: StepCalls): Promise<ToolResult[]> {
    const results = await Promise.all(calls.map((call) => this.one(call, step, messages)))
    for (const { call, text } of results) this.repeats.note(call, text)
    return results
  }

  private async one(call: ToolCall, step: number, messages: readonly ChatMessage[]): Promise<ToolResult> {
    const tool = this.setup.tools.get(call.name)
    try {
      if (!tool) throw new Fault('unknown-tool', unknownTool(call.name, [...this.setup.tools.keys()]))
      this.checkRepeats(tool, call)
      const input = await this.allowed(tool, call, step)
      const output = await this.inTurn(tool, () => this.run(tool, input, { call, step, messages }))
      const text = tool.toModel ? tool.toModel(output) : resultText(output)
      return this.give(step, call, text, { output })
    } catch (error) {
      if (error instanceof StopRun) this.stopped ??= error
      return this.give(step, call, this.wordingOf(call, error), { fault: this.faultOf(error) })
    }
  }

  private give(step: number, call: ToolCall, whole: string, more: { output?: unknown; fault?: ToolFault }): ToolResult {
    const { text, leftOut } = shortened(whole, this.setup.toolText)
    const result = { call, text, ...more, ...(leftOut > 0 && { leftOut }) }
    this.setup.emit({ step, kind: 'tool-result', ...result })
    return result
  }

  private checkRepeats({ repeats = REPEATS }: Tool, call: ToolCall): void {
    const times = this.repeats.timesOf(call)
    if (repeats !== false && times + 1 >= repeats) throw new Fault('repeated', repeated(call.name, times))
  }

  /** What the schema makes of the arguments, once the call is allowed. */
  private async allowed(tool: Tool, call: ToolCall, step: number): Promise<unknown> {
    const { approve, signal, emit } = this.setup
    const parsed = parsedArguments(call.arguments)
    if (!parsed) throw new Fault('arguments', badArguments(call.name, [{ message: 'they are no JSON object' }]))
    const input = await this.checked(tool, parsed.value)
    emit({ step, kind: 'tool-call', call, input })
    const asks = typeof tool.approval === 'function' ? await tool.approval(input) : (tool.approval ?? false)
    if (!asks) return input
    emit({ step, kind: 'tool-approval', call, input })
    const asked = approve?.({ tool, input, call, signal }) ?? { allow: false, reason: 'nobody can be asked' }
    const answer = await untilAborted(asked, signal)
    const {
      allow,
      reason,
      input: changed,
    } = typeof answer === 'boolean' ? { allow: answer } : { input: undefined, ...answer }
    if (!allow) throw new Fault('denied', denied(reason))
    return changed === undefined ? input : this.checked(tool, changed)
  }

  private async checked(tool: Tool, value: unknown): Promise<unknown> {
    const result = await validated(tool.parameters, value)
    if (!result.issues) return result.value
    const issues: readonly Issue[] = result.issues.slice(0, MOST_ISSUES)
    throw new Fault('arguments', badArguments(tool.name, issues))
  }

  private run(
    tool: Tool,
    input: unknown,
    context: { call: ToolCall; step: number; messages: readonly ChatMessage[] },
  ): Promise<unknown> {
    const { signal, emit } = this.setup
    const { call, step } = context
    let over = false
    const progress = (data: unknown): void => (over ? undefined : emit({ step, kind: 'tool-progress', call, data }))
    return execute(tool, input, { ...context, signal, progress }).finally(() => (over = true))
  }

  /** Not more at once than may be; what wants to be alone waits for the others, and they for it. */
  private async inTurn<T>({ alone = false }: Tool, work: () => Promise<T>): Promise<T> {
    const blocked = (): boolean =>
      this.aloneRuns || (alone ? this.running > 0 : this.running >= this.setup.parallelTools)
    while (blocked()) await new Promise<void>((resolve) => this.waiting.push(resolve))
    this.running++
    this.aloneRuns = alone
    try {
      return await work()
    } finally {
      this.running--
      if (alone) this.aloneRuns = false
      const waiting = this.waiting
      this.waiting = []
      for (const wake of waiting) wake()
    }
  }

  private faultOf(error: unknown): ToolFault {
    if (error instanceof Fault) return error.fault
    if (error instanceof ToolTimeout) return 'timeout'
    return this.setup.signal.aborted ? 'aborted' : 'failed'
  }

  private wordingOf(call: ToolCall, error: unknown): string {
    if (error instanceof Fault) return error.message
    if (this.faultOf(error) === 'aborted') return ABORTED
    return failed(call.name, error)
  }
}
