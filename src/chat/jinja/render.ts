import { concatenated, deeper, spend } from '../python/limits.js'
import { str } from '../python/text.js'
import {
  Arguments,
  Callable,
  Dict,
  Generator,
  PythonError,
  Tuple,
  Undefined,
  iterate,
  lengthOf,
  type Value,
} from '../python/values.js'
import { Evaluator } from './evaluate.js'
import { GLOBALS } from './globals.js'
import { Loop, Namespace } from './objects.js'
import { Scope } from './scope.js'
import type { Body, FilterStep, MacroUses, Parameter, Statement, Target } from './syntax.js'

type StatementOf<K extends Statement['kind']> = Extract<Statement, { kind: K }>
/** How a body ended when not by its end. */
type Leave = 'break' | 'continue' | undefined

/**
 * The text that a template makes of its variables.
 * @param lenient lets through what Python refuses for its own reasons; see Runtime
 * @throws PythonError, LimitError, Refusal or Unsupported
 */
export function renderTemplate(body: Body, variables: ReadonlyMap<string, Value>, lenient = false): string {
  const globals = new Scope()
  for (const [name, value] of [...GLOBALS, ...variables]) globals.set(name, value)
  return new Renderer(new Scope(globals), new Evaluator(lenient)).render(body)
}

class Renderer {
  private out = ''

  constructor(
    private readonly root: Scope,
    private readonly evaluator: Evaluator,
  ) {}

  render(body: Body): string {
    this.body(body, this.root)
    return this.out
  }

  private body(body: Body, scope: Scope): Leave {
    for (const statement of body) {
      const leave = this.statement(statement, scope)
      if (leave) return leave
    }
    return undefined
  }

  private statement(node: Statement, scope: Scope): Leave {
    spend(1)
    switch (node.kind) {
      case 'text':
        return this.write(node.text)
      case 'print':
        return this.write(str(this.evaluator.evaluate(node.value, scope)))
      case 'if':
        return this.ifStatement(node, scope)
      case 'for':
        return this.loop(node, scope, this.evaluator.evaluate(node.over, scope), 0)
      case 'set':
        return this.assign(node.target, this.evaluator.evaluate(node.value, scope), scope)
      case 'set-block':
        return this.assign(node.target, this.filtered(node.body, node.filters, new Scope(scope)), scope)
      case 'macro':
        scope.set(node.name, this.macro(node.name, node.parameters, node.body, node.uses, scope))
        return undefined
      case 'call-block':
        return this.callBlock(node, scope)
      case 'filter-block':
        return this.write(str(this.filtered(node.body, node.filters, new Scope(scope))))
      case 'with':
        return this.withStatement(node, scope)
      case 'scope':
        return this.body(node.body, new Scope(node.of === 'root' ? this.root : scope))
      case 'break':
      case 'continue':
        return node.kind
    }
  }

  private write(text: string): undefined {
    this.out = concatenated(this.out, text)
  }

  /** What a body writes, as a text of its own. */
  private captured(run: () => void): string {
    const before = this.out
    this.out = ''
    run()
    const text = this.out
    this.out = before
    return text
  }

  private filtered(body: Body, filters: readonly FilterStep[], scope: Scope): Value {
    let value: Value = this.captured(() => this.body(body, scope))
    for (const { name, args } of filters) value = this.evaluator.filter(name, value, this.evaluator.args(args, scope))
    return value
  }

  private ifStatement(node: StatementOf<'if'>, scope: Scope): Leave {
    const branch = node.branches.find(({ test }) => this.evaluator.isTrue(test, scope))
    return this.body(branch?.body ?? node.otherwise, scope)
  }

  private loop(node: StatementOf<'for'>, scope: Scope, over: Value, depth: number): undefined {
    const items = iterate(over)
    const known = node.test || over instanceof Generator ? undefined : lengthOf(over)
    const recurse = (inner: Value): string =>
      deeper(() => this.captured(() => this.loop(node, scope, inner, depth + 1)))
    const loop = new Loop(this.chosen(node, scope, items), known, depth, node.recursive ? recurse : undefined)
    let ran = false
    for (let value = loop.next(); value !== undefined; value = loop.next()) {
      spend(1)
      ran = true
      const inner = new Scope(scope)
      inner.set('loop', loop)
      this.assign(node.target, value, inner)
      if (this.body(node.body, inner) === 'break') break
    }
    if (!ran) this.body(node.otherwise, new Scope(scope))
  }

  /** The items for which the loop's condition holds, when it is asked. */
  private *chosen(node: StatementOf<'for'>, scope: Scope, items: readonly Value[]): Iterator<Value> {
    for (const value of items) {
      if (node.test) {
        const inner = new Scope(scope)
        this.assign(node.target, value, inner)
        if (!this.evaluator.isTrue(node.test, inner)) continue
      }
      yield value
    }
  }

  private withStatement(node: StatementOf<'with'>, scope: Scope): Leave {
    const inner = new Scope(scope)
    for (const [target, value] of node.assignments) this.assign(target, this.evaluator.evaluate(value, scope), inner)
    return this.body(node.body, inner)
  }

  private assign(target: Target, value: Value, scope: Scope): undefined {
    if (target.kind === 'name') scope.set(target.name, value)
    else if (target.kind === 'member') {
      const owner = scope.get(target.of)
      if (!(owner instanceof Namespace)) throw new PythonError('cannot assign attribute on non-namespace object')
      owner.set(target.name, value)
    } else {
      const values = iterate(value)
      if (values.length !== target.targets.length)
        throw new PythonError(`cannot unpack ${values.length} values into ${target.targets.length} names`)
      target.targets.forEach((part, i) => this.assign(part, values[i]!, scope))
    }
  }

  private callBlock(node: StatementOf<'call-block'>, scope: Scope): undefined {
    if (node.call.kind !== 'call') throw new PythonError('a call block without a call')
    const uses = { varargs: false, kwargs: false, caller: false }
    const caller = this.macro('caller', node.parameters, node.body, uses, scope)
    const callee = this.evaluator.evaluate(node.call.callee, scope)
    const args = this.evaluator.args(node.call.args, scope)
    const withCaller = new Arguments(args.positional, new Map([...args.named, ['caller', caller]]))
    return this.write(str(this.evaluator.call(callee, withCaller)))
  }

  private macro(name: string, parameters: readonly Parameter[], body: Body, uses: MacroUses, scope: Scope): Callable {
    return new Callable(
      name,
      (args) =>
        deeper(() => {
          const inner = new Scope(scope)
          this.bind(name, parameters, uses, args, inner)
          return this.captured(() => this.body(body, inner))
        }),
      'Macro',
    )
  }

  /** Gives a macro's parameters their values. */
  private bind(name: string, parameters: readonly Parameter[], uses: MacroUses, args: Arguments, inner: Scope): void {
    const named = new Map(args.named)
    const surplus = args.positional.slice(parameters.length)
    for (const [i, { name: parameter, byDefault }] of parameters.entries()) {
      const place = args.positional[i]
      if (place !== undefined && named.has(parameter))
        throw new PythonError(`macro '${name}' got two values for '${parameter}'`)
      const given = place === undefined ? named.get(parameter) : place
      named.delete(parameter)
      if (given !== undefined) inner.set(parameter, given)
      else if (byDefault) inner.set(parameter, this.evaluator.evaluate(byDefault, inner))
      else inner.set(parameter, new Undefined(`parameter '${parameter}' was not provided`))
    }
    if (uses.caller) inner.set('caller', named.get('caller') ?? new Undefined('No caller defined'))
    if (uses.caller) named.delete('caller')
    if (uses.kwargs) inner.set('kwargs', Dict.of(named))
    else for (const extra of named.keys()) throw new PythonError(`macro '${name}' takes no keyword argument '${extra}'`)
    if (uses.varargs) inner.set('varargs', new Tuple(surplus))
    else if (surplus.length > 0)
      throw new PythonError(`macro '${name}' takes not more than ${parameters.length} argument(s)`)
  }
}
