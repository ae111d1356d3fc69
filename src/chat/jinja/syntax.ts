import type { Operator } from '../python/numbers.js'
import type { Value } from '../python/values.js'

export interface Call {
  readonly positional: readonly Expression[]
  readonly named: readonly (readonly [string, Expression])[]
  /** `*list` and `**dict`. */
  readonly spread?: Expression | undefined
  readonly spreadNamed?: Expression | undefined
}

export type Comparison = '==' | '!=' | '<' | '<=' | '>' | '>=' | 'in' | 'not in'

export type Expression =
  | { readonly kind: 'constant'; readonly value: Value }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'list' | 'tuple'; readonly items: readonly Expression[] }
  | { readonly kind: 'dict'; readonly entries: readonly (readonly [Expression, Expression])[] }
  | { readonly kind: 'attribute'; readonly of: Expression; readonly name: string }
  | { readonly kind: 'item'; readonly of: Expression; readonly index: Expression }
  | {
      readonly kind: 'slice'
      readonly of: Expression
      readonly start: Expression | undefined
      readonly stop: Expression | undefined
      readonly step: Expression | undefined
    }
  | { readonly kind: 'call'; readonly callee: Expression; readonly args: Call }
  | { readonly kind: 'filter'; readonly name: string; readonly of: Expression; readonly args: Call }
  | { readonly kind: 'test'; readonly name: string; readonly of: Expression; readonly args: Call }
  | { readonly kind: 'arithmetic'; readonly operator: Operator; readonly left: Expression; readonly right: Expression }
  | { readonly kind: 'unary'; readonly operator: '-' | '+'; readonly of: Expression }
  | { readonly kind: 'not'; readonly of: Expression }
  | { readonly kind: 'and' | 'or'; readonly left: Expression; readonly right: Expression }
  | { readonly kind: 'concat'; readonly parts: readonly Expression[] }
  | {
      readonly kind: 'compare'
      readonly first: Expression
      readonly rest: readonly { readonly operator: Comparison; readonly right: Expression }[]
    }
  | {
      readonly kind: 'conditional'
      readonly test: Expression
      readonly then: Expression
      readonly otherwise: Expression | undefined
    }

/** What a value is assigned to: a name, an attribute of a namespace, or several. */
export type Target =
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'member'; readonly of: string; readonly name: string }
  | { readonly kind: 'several'; readonly targets: readonly Target[] }

export interface Parameter {
  readonly name: string
  readonly byDefault: Expression | undefined
}

/** A filter of a chain such as `{% filter upper | trim %}`, from the first to the last. */
export interface FilterStep {
  readonly name: string
  readonly args: Call
}

export type Statement =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'print'; readonly value: Expression }
  | {
      readonly kind: 'if'
      readonly branches: readonly { readonly test: Expression; readonly body: Body }[]
      readonly otherwise: Body
    }
  | {
      readonly kind: 'for'
      readonly target: Target
      readonly over: Expression
      readonly test: Expression | undefined
      readonly recursive: boolean
      readonly body: Body
      readonly otherwise: Body
    }
  | { readonly kind: 'set'; readonly target: Target; readonly value: Expression }
  | {
      readonly kind: 'set-block'
      readonly target: Target
      readonly filters: readonly FilterStep[]
      readonly body: Body
    }
  | {
      readonly kind: 'macro'
      readonly name: string
      readonly parameters: readonly Parameter[]
      readonly body: Body
      readonly uses: MacroUses
    }
  | {
      readonly kind: 'call-block'
      readonly call: Expression
      readonly parameters: readonly Parameter[]
      readonly body: Body
    }
  | { readonly kind: 'filter-block'; readonly filters: readonly FilterStep[]; readonly body: Body }
  | { readonly kind: 'with'; readonly assignments: readonly (readonly [Target, Expression])[]; readonly body: Body }
  /** A block of a name, or `generation`: its body in a scope of its own. */
  | { readonly kind: 'scope'; readonly of: 'root' | 'here'; readonly body: Body }
  | { readonly kind: 'break' | 'continue' }

/** Names that a macro has only where it mentions them. */
export interface MacroUses {
  readonly varargs: boolean
  readonly kwargs: boolean
  readonly caller: boolean
}

export type Body = readonly Statement[]
