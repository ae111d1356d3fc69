import type { TokenConstraint } from '../engine/adjust.js'
import { UserError } from '../errors.js'
import { unsupported } from './api-error.js'

/** none and auto leave the answer free. */
export type ToolChoice = 'none' | 'auto' | 'required' | { readonly name: string }

/** What a request says about the form of its answer, in the words of all three APIs; plain values, which a message copies. */
export interface ConstraintSpec {
  /** response_format of chat completions, text.format of responses; `param` is where it stands. */
  readonly format?: { readonly param: string; readonly type: string; readonly schema?: unknown } | undefined
  readonly toolChoice?: { readonly param: string; readonly choice: ToolChoice } | undefined
  /** The first strict tool. */
  readonly strictTool?: { readonly param: string; readonly name: string } | undefined
}

/**
 * The one place where response formats, strict tools and tool choices become a constraint on the sampler; undefined where the
 * answer is free.
 * @throws ApiError 400 that names the parameter, for what no grammar enforces yet
 */
export function constraintSpec({ format, toolChoice, strictTool }: ConstraintSpec): ConstraintSpec | undefined {
  const missing = 'this server does not constrain answers to a grammar yet'
  if (format && format.type !== 'text') {
    throw unsupported(format.param, `${format.param}: type ${format.type} is not supported: ${missing}; use type text`)
  }
  if (toolChoice && toolChoice.choice !== 'none' && toolChoice.choice !== 'auto') {
    const found = typeof toolChoice.choice === 'string' ? toolChoice.choice : 'a named tool'
    const { param } = toolChoice
    throw unsupported(param, `${param}: ${found} is not supported: ${missing}; use auto or none`)
  }
  if (strictTool) {
    const { param, name } = strictTool
    throw unsupported(param, `${param}: strict arguments of ${name} are not supported: ${missing}; leave strict out`)
  }
  return undefined
}

/**
 * In the worker, where the vocabulary and the dialect are: the constraint itself.
 * @throws UserError for all, since {@link constraintSpec} lets none pass yet
 */
export function constraintOf(spec: ConstraintSpec): TokenConstraint {
  const named = Object.keys(spec).join(', ')
  throw new UserError(`${named}: answers cannot be constrained to a grammar yet; leave it out`, 'invalid_argument')
}
