// The types of the agents' API as callers see them: `npm run typecheck` is what fails.
import { describe, expectTypeOf, it } from 'vitest'
import { z } from 'zod'
import { kaiyuan, kaiyuanEmbedding } from '../../src/ai.js'
import {
  agent,
  array,
  choice,
  jsonSchema,
  mcpTools,
  object,
  tool,
  type AgentPart,
  type AgentRun,
  type Engine,
  type PartialValue,
  type Timings,
  type Tool,
  type ToolContext,
  type ToolFault,
} from '../../src/index.js'

interface City {
  name: string
  id: number
}

const cityShape = jsonSchema<City>({ type: 'object' })
const Coded = z.object({ when: z.codec(z.iso.date(), z.date(), { decode: (a) => new Date(a), encode: String }) })

describe('types', () => {
  it('of tools: execute gets what the schema makes, and toModel what execute gives', () => {
    tool({
      name: 'a',
      parameters: Coded,
      execute(input, context) {
        expectTypeOf(input).toEqualTypeOf<{ when: Date }>()
        expectTypeOf(context).toEqualTypeOf<ToolContext>()
        return { n: 1 }
      },
      approval: (input) => input.when > new Date(),
      toModel(result) {
        expectTypeOf(result).toEqualTypeOf<{ n: number }>()
        return ''
      },
    })
    const plain = tool({ name: 'b', parameters: cityShape, execute: ({ name, id }) => `${name}${id.toFixed()}` })
    expectTypeOf(plain).toEqualTypeOf<Tool<typeof cityShape, string>>()
    tool({ name: 'c', parameters: { type: 'object' }, execute: (input) => expectTypeOf(input).toBeUnknown() })
    tool({
      name: 'd',
      parameters: cityShape,
      // @ts-expect-error: id is a number
      execute: ({ id }: { id: string }) => id,
    })
  })

  it('of objects, arrays and choices: the output of the schema, and parts of it', () => {
    const coded = (engine: Engine) => object(engine, Coded, '?').result
    expectTypeOf(coded).returns.resolves.toHaveProperty('object').toEqualTypeOf<{ when: Date }>()
    const plain = (engine: Engine) => object(engine, cityShape, '?').result
    expectTypeOf(plain).returns.resolves.toHaveProperty('object').toEqualTypeOf<City>()
    expectTypeOf<PartialValue<City>>().toEqualTypeOf<{ readonly name?: string; readonly id?: number }>()
    const items = (engine: Engine) => array(engine, cityShape, '?').result
    expectTypeOf(items).returns.resolves.toHaveProperty('items').toEqualTypeOf<readonly City[]>()
    const chosen = (engine: Engine) => choice(engine, ['yes', 'no', 3], '?')
    expectTypeOf(chosen).returns.resolves.toHaveProperty('value').toEqualTypeOf<'yes' | 'no' | 3>()
  })

  it('of agents: an object where an output is asked for, else none', () => {
    const free = (engine: Engine) => agent(engine, { tools: [] }).run('?')
    expectTypeOf(free).returns.toEqualTypeOf<AgentRun>()
    expectTypeOf(free).returns.toHaveProperty('result').resolves.toHaveProperty('object').toEqualTypeOf<undefined>()
    const typed = (engine: Engine) => agent(engine, { output: Coded }).run('?').result
    expectTypeOf(typed).returns.resolves.toHaveProperty('object').toEqualTypeOf<{ when: Date } | undefined>()
    // @ts-expect-error: a grammar would fight with the calls
    const wrong = (engine: Engine) => agent(engine, { grammar: { kind: 'json' } })
    expectTypeOf(wrong).toBeFunction()
  })

  it('of parts: told apart by their kind, all of them', () => {
    const kindOf = (part: AgentPart): string => {
      switch (part.kind) {
        case 'text':
        case 'reasoning':
          expectTypeOf(part.text).toEqualTypeOf<string>()
          return part.text
        case 'tool-input':
          return part.id + part.name + part.text
        case 'tool-call':
        case 'tool-approval':
          expectTypeOf(part.input).toBeUnknown()
          return part.call.name
        case 'tool-progress':
          expectTypeOf(part.data).toBeUnknown()
          return part.call.name
        case 'tool-result':
          expectTypeOf(part.fault).toEqualTypeOf<ToolFault | undefined>()
          return part.text
        case 'step':
          expectTypeOf(part.timings).toEqualTypeOf<Timings>()
          return `${part.promptTokens} ${part.cachedTokens}`
        default:
          expectTypeOf(part).toBeNever()
          return ''
      }
    }
    expectTypeOf(kindOf).parameter(0).toHaveProperty('step').toEqualTypeOf<number>()
  })

  it('of the AI SDK: the label of the version that was asked for', () => {
    const v2 = (engine: Engine) => kaiyuan(engine, { specification: 'v2' }).specificationVersion
    expectTypeOf(v2).returns.toEqualTypeOf<'v2'>()
    const v3 = (engine: Engine) => kaiyuan(engine).specificationVersion
    expectTypeOf(v3).returns.toEqualTypeOf<'v3'>()
    const v4 = (engine: Engine) => kaiyuanEmbedding(engine, { specification: 'v4' }).specificationVersion
    expectTypeOf(v4).returns.toEqualTypeOf<'v4'>()
    expectTypeOf(mcpTools).returns.resolves.toEqualTypeOf<Tool[]>()
  })
})
