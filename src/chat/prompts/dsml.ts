import type { MessageToolCall } from '../message.js'
import { argumentsOf } from './conversation.js'
import { pythonJson } from './python-json.js'

/** Names of DSML's tags, with the mark in front of each. */
export interface DsmlNames {
  readonly block: string
  readonly invoke: string
  readonly parameter: string
}

const MARK = '｜DSML｜'
export const DSML_V32: DsmlNames = names('', 'function_calls')
export const DSML_V4: DsmlNames = names('', 'tool_calls')
export const DSML_V41: DsmlNames = names(' ', 'calls')

function names(space: string, block: string): DsmlNames {
  return { block: MARK + space + block, invoke: `${MARK}${space}invoke`, parameter: `${MARK}${space}parameter` }
}

/** Calls of a past answer. */
export function dsmlCalls(calls: readonly MessageToolCall[], { block, invoke, parameter }: DsmlNames): string {
  const written = calls.map((call) => {
    const parameters = argumentsOf(call).map(([key, value]) => {
      const isString = typeof value === 'string'
      return `<${parameter} name="${key}" string="${isString}">${isString ? value : pythonJson(value)}</${parameter}>`
    })
    return `<${invoke} name="${call.function.name}">\n${parameters.join('\n')}\n</${invoke}>`
  })
  return `\n\n<${block}>\n${written.join('\n')}\n</${block}>`
}

/** The example that the model is shown, with names of this family ($TOOL or $FUNCTION). */
export function dsmlExample({ block, invoke, parameter }: DsmlNames, name: string): string {
  return `<${block}>
<${invoke} name="$${name}_NAME">
<${parameter} name="$PARAMETER_NAME" string="true|false">$PARAMETER_VALUE</${parameter}>
...
</${invoke}>
<${invoke} name="$${name}_NAME2">
...
</${invoke}>
</${block}>`
}
