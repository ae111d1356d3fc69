import { UserError } from '../../errors.js'
import type { ChatAnswerOptions } from '../../remote/engine-like.js'
import { checkAnswerOptions } from '../../remote/load-options.js'
import { generateOptions, integer, number, thinkingOptions, THINK_LEVELS, type SamplingFlags } from '../flags.js'

/** What `/set` changes: the name that is typed, the flag, and how its value is read. */
const NAMES = {
  temperature: ['temperature', number],
  'top-p': ['topP', number],
  'top-k': ['topK', integer],
  'min-p': ['minP', number],
  'repetition-penalty': ['repetitionPenalty', number],
  'frequency-penalty': ['frequencyPenalty', number],
  'presence-penalty': ['presencePenalty', number],
  'max-tokens': ['maxTokens', integer],
  seed: ['seed', integer],
} as const satisfies Record<string, readonly [keyof SamplingFlags, (text: string) => number]>

export const SETTING_NAMES = Object.keys(NAMES)

type Numbers = { -readonly [K in keyof SamplingFlags]?: SamplingFlags[K] }

/** How the answers of a chat are made; begins with the flags of the command line. */
export class Settings {
  private flags: Numbers
  hideThinking: boolean

  /** @throws UserError for a value that no answer takes */
  constructor(flags: SamplingFlags & { readonly hideThinking?: boolean }) {
    checkAnswerOptions(generateOptions(flags))
    this.flags = { ...flags }
    this.hideThinking = flags.hideThinking ?? false
  }

  options(): ChatAnswerOptions {
    return { ...generateOptions(this.flags), ...thinkingOptions(this.flags.think), promptProgress: true }
  }

  get maxTokens(): number | undefined {
    return this.flags.maxTokens
  }

  /** `temperature 0.5`; `default` takes the model's own value. @throws UserError for another name or value */
  set(name: string, text: string): void {
    const entry = Object.entries(NAMES).find(([known]) => known === name)
    if (!entry)
      throw new UserError(`/set ${name}: no such setting; there are ${SETTING_NAMES.join(', ')}`, 'invalid_argument')
    const [key, read] = entry[1]
    if (text === 'default') {
      this.flags = { ...this.flags, [key]: undefined }
      return
    }
    try {
      const flags = { ...this.flags, [key]: read(text) }
      checkAnswerOptions(generateOptions(flags))
      this.flags = flags
    } catch (cause) {
      if (cause instanceof UserError) throw new UserError(`/set ${name}: ${cause.fault}`, cause.code, { cause })
      throw new UserError(`/set ${name}: ${(cause as Error).message} Found ${JSON.stringify(text)}`, 'invalid_argument')
    }
  }

  /** Whether and how much the model thinks, or whether its thoughts are shown. @throws UserError for anything else */
  think(text: string): string {
    if (text === 'show' || text === 'hide') {
      this.hideThinking = text === 'hide'
      return text === 'hide' ? 'thoughts are hidden' : 'thoughts are shown'
    }
    const level = THINK_LEVELS.find((known) => known === text)
    if (!level)
      throw new UserError(
        `/think: expected ${THINK_LEVELS.join(', ')}, show or hide; found ${text}`,
        'invalid_argument',
      )
    this.flags = { ...this.flags, think: level }
    return `thinking: ${level}, where the model's template knows it`
  }

  /** What was set, a line each. */
  list(): string {
    const lines = Object.entries(NAMES).flatMap(([name, [key]]) =>
      this.flags[key] === undefined ? [] : [`${name} ${this.flags[key]}`],
    )
    return lines.length === 0 ? "nothing is set: the model's own values are used" : lines.join('\n')
  }
}
