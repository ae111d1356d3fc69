import type { Dialect } from '../../chat/dialects/dialect.js'
import type { ChatTemplate } from '../../chat/prompt.js'
import type { Tokenizer } from '../../tokenizer/tokenizer.js'
import type { GenerationDefaults, LongPrompts } from '../options.js'
import type { AnswerGrammars } from '../../grammar/answer-grammar.js'
import type { SharedRunner } from '../schedule/scheduler.js'
import type { Speculation } from './drafter.js'
import type { DraftModel } from './model-drafter.js'

/** What sessions need of a loaded model. */
export interface SessionModel {
  readonly name: string
  readonly shared: SharedRunner
  readonly tokenizer: Tokenizer | undefined
  readonly template: ChatTemplate | undefined
  /** How a chat's answers are written. */
  readonly dialect: Dialect
  readonly stopIds: ReadonlySet<number>
  readonly grammars: AnswerGrammars
  readonly defaults: GenerationDefaults
  /** Where long prompts are made, if not in this thread. */
  readonly longPrompts?: LongPrompts | undefined
  /** Whether its answers are drafts, which may be taken back. */
  readonly isDraft?: boolean
  /** How drafts are made unless an answer says otherwise. */
  readonly speculate?: Speculation | undefined
  /** A small model that drafts, if one was loaded with this. */
  readonly draftModel?: DraftModel | undefined
}
