import { concatenated, spend, spendReading } from '../python/limits.js'
import { unary } from '../python/numbers.js'
import { str } from '../python/text.js'
import {
  Arguments,
  Callable,
  Dict,
  PythonError,
  Tuple,
  Undefined,
  isTrue,
  iterate,
  typeName,
  type Value,
} from '../python/values.js'
import { FILTERS } from './filters/registry.js'
import { attribute, item, sliced } from './members.js'
import { Loop } from './objects.js'
import { binary, holds } from './operators.js'
import type { Runtime } from './runtime.js'
import type { Scope } from './scope.js'
import type { Call, Expression } from './syntax.js'
import { TESTS } from './tests.js'

type ExpressionOf<K extends Expression['kind']> = Extract<Expression, { kind: K }>

/** Values of expressions. */
export class Evaluator implements Runtime {
  constructor(readonly lenient: boolean) {}

  evaluate(node: Expression, scope: Scope): Value {
    spend(1)
    switch (node.kind) {
      case 'constant':
        return node.value
      case 'name':
        return scope.get(node.name)
      case 'list':
        return node.items.map((part) => this.evaluate(part, scope))
      case 'tuple':
        return new Tuple(node.items.map((part) => this.evaluate(part, scope)))
      case 'dict':
        return this.dict(node, scope)
      case 'attribute':
        return attribute(this.evaluate(node.of, scope), node.name, this.lenient)
      case 'item':
        return item(this.evaluate(node.of, scope), this.evaluate(node.index, scope), this.lenient)
      case 'slice':
        return this.slice(node, scope)
      case 'call':
        return this.call(this.evaluate(node.callee, scope), this.args(node.args, scope))
      case 'filter':
        return this.filter(node.name, this.evaluate(node.of, scope), this.args(node.args, scope))
      case 'test':
        return this.test(node.name, this.evaluate(node.of, scope), this.args(node.args, scope))
      case 'arithmetic':
        return binary(node.operator, this.evaluate(node.left, scope), this.evaluate(node.right, scope))
      case 'unary':
        return unary(node.operator, this.evaluate(node.of, scope))
      case 'not':
        return !isTrue(this.evaluate(node.of, scope))
      case 'and':
      case 'or':
        return this.logical(node, scope)
      case 'concat':
        return this.concat(node, scope)
      case 'compare':
        return this.comparison(node, scope)
      case 'conditional':
        return this.conditional(node, scope)
    }
  }

  /** Whether an expression is true. */
  isTrue(node: Expression, scope: Scope): boolean {
    return isTrue(this.evaluate(node, scope))
  }

  args(call: Call, scope: Scope): Arguments {
    const { spread, spreadNamed } = call
    if (call.positional.length === 0 && call.named.length === 0 && !spread && !spreadNamed) return NO_ARGUMENTS
    const positional = call.positional.map((part) => this.evaluate(part, scope))
    const named = new Map(call.named.map(([name, part]) => [name, this.evaluate(part, scope)]))
    if (spread) positional.push(...iterate(this.evaluate(spread, scope)))
    const more = spreadNamed && this.evaluate(spreadNamed, scope)
    if (more !== undefined) {
      if (!(more instanceof Dict)) throw new PythonError(`argument after ** must be a mapping, not ${typeName(more)}`)
      for (const [name, value] of more.entries()) named.set(str(name), value)
    }
    return new Arguments(positional, named)
  }

  call(callee: Value, args: Arguments): Value {
    if (callee instanceof Callable) return callee.call(args)
    if (callee instanceof Loop) return callee.call(args)
    if (callee instanceof Undefined) throw new PythonError(callee.reason)
    throw new PythonError(`'${typeName(callee)}' object is not callable`)
  }

  filter(name: string, value: Value, args: Arguments): Value {
    if (typeof value === 'string') spendReading(value.length)
    const filter = FILTERS.get(name)
    if (!filter) throw new PythonError(`there is no filter '${name}'`)
    return filter(value, args, this)
  }

  test(name: string, value: Value, args: Arguments): boolean {
    if (typeof value === 'string') spendReading(value.length)
    const test = TESTS.get(name)
    if (!test) throw new PythonError(`there is no test '${name}'`)
    return test(value, args, this)
  }

  private dict(node: ExpressionOf<'dict'>, scope: Scope): Dict {
    const dict = new Dict()
    for (const [key, value] of node.entries) dict.set(this.evaluate(key, scope), this.evaluate(value, scope))
    return dict
  }

  private slice(node: ExpressionOf<'slice'>, scope: Scope): Value {
    const value = this.evaluate(node.of, scope)
    const bound = (part: Expression | undefined): Value => (part ? this.evaluate(part, scope) : null)
    return sliced(value, { start: bound(node.start), stop: bound(node.stop), step: bound(node.step) })
  }

  private logical(node: ExpressionOf<'and' | 'or'>, scope: Scope): Value {
    const left = this.evaluate(node.left, scope)
    return isTrue(left) === (node.kind === 'or') ? left : this.evaluate(node.right, scope)
  }

  private concat(node: ExpressionOf<'concat'>, scope: Scope): string {
    let text = ''
    for (const part of node.parts) text = concatenated(text, str(this.evaluate(part, scope)))
    return text
  }

  /** `1 < 2 < 3`: each pair, up to the first that is not so. */
  private comparison({ first, rest }: ExpressionOf<'compare'>, scope: Scope): boolean {
    let left = this.evaluate(first, scope)
    for (const { operator, right: node } of rest) {
      const right = this.evaluate(node, scope)
      if (!holds(operator, left, right)) return false
      left = right
    }
    return true
  }

  private conditional(node: ExpressionOf<'conditional'>, scope: Scope): Value {
    if (this.isTrue(node.test, scope)) return this.evaluate(node.then, scope)
    if (node.otherwise) return this.evaluate(node.otherwise, scope)
    return new Undefined('the inline if-expression evaluated to false and no else section was defined')
  }
}

const NO_ARGUMENTS = new Arguments()
