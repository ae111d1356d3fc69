import { equals } from '../python/compare.js'
import type { Arguments } from '../python/values.js'
import { Callable, Dict, Instance, PythonError, Tuple, Undefined, iterate, type Value } from '../python/values.js'

/** `namespace()`: the only object whose attributes a template may set. */
export class Namespace extends Instance {
  readonly type = 'Namespace'
  constructor(private readonly values: Dict) {
    super()
    for (const name of values.keys()) checkName(name)
  }
  override attribute(name: string): Value | undefined {
    return this.values.get(name)
  }
  set(name: string, value: Value): void {
    checkName(name)
    this.values.set(name, value)
  }
  override describe(repr: (value: Value) => string): string {
    return `<Namespace ${repr(this.values)}>`
  }
}

function checkName(name: Value): void {
  if (typeof name === 'string' && name.startsWith('_'))
    throw new PythonError(`a namespace cannot have an attribute that begins with an underscore: '${name}'`)
}

/** The items of a loop, taken one after the other, since a loop's condition may depend on what its body did. */
class LoopItems {
  private readonly ahead: Value[] = []

  constructor(private readonly source: Iterator<Value>) {}

  next(): Value | undefined {
    return this.ahead.length > 0 ? this.ahead.shift() : this.read()
  }

  peek(): Value | undefined {
    if (this.ahead.length === 0) {
      const value = this.read()
      if (value !== undefined) this.ahead.push(value)
    }
    return this.ahead[0]
  }

  /** How many are left. */
  count(): number {
    for (let value = this.read(); value !== undefined; value = this.read()) this.ahead.push(value)
    return this.ahead.length
  }

  private read(): Value | undefined {
    const { done, value } = this.source.next() as IteratorResult<Value, undefined>
    return done ? undefined : value
  }
}

/** `loop` inside of a for. */
export class Loop extends Instance {
  readonly type = 'LoopContext'
  private readonly upcoming: LoopItems
  private index = -1
  private total: number | undefined
  private previous: Value | undefined
  private current: Value | undefined
  private last: readonly Value[] | undefined

  /** @param recurse the loop's body for other items, where it is `recursive` */
  constructor(
    source: Iterator<Value>,
    length: number | undefined,
    private readonly depth: number,
    private readonly recurse: ((items: Value) => Value) | undefined,
  ) {
    super()
    this.upcoming = new LoopItems(source)
    this.total = length
  }

  /** The next item; undefined at the end. */
  next(): Value | undefined {
    const value = this.upcoming.next()
    if (value === undefined) return undefined
    this.index++
    this.previous = this.current
    this.current = value
    return value
  }

  override size(): number {
    this.total ??= this.upcoming.count() + this.index + 1
    return this.total
  }

  /** The loop's own call, `loop(children)`. */
  call(args: Arguments): Value {
    if (!this.recurse) throw new PythonError("the loop must have the 'recursive' marker to be called")
    return this.recurse(args.take('loop', ['iterable'], 1)[0]!)
  }

  override attribute(name: string): Value | undefined {
    switch (name) {
      case 'index':
        return this.index + 1
      case 'index0':
        return this.index
      case 'first':
        return this.index === 0
      case 'last':
        return this.upcoming.peek() === undefined
      case 'length':
        return this.size()
      case 'revindex':
        return this.size() - this.index
      case 'revindex0':
        return this.size() - this.index - 1
      case 'depth':
        return this.depth + 1
      case 'depth0':
        return this.depth
      case 'previtem':
        return this.previous === undefined ? new Undefined('there is no previous item') : this.previous
      case 'nextitem':
        return this.following()
      case 'cycle':
        return new Callable(name, (args) => this.cycle(args.positional))
      case 'changed':
        return new Callable(name, (args) => this.changed(args.positional))
      default:
        return undefined
    }
  }

  override describe(): string {
    return `<LoopContext ${this.index + 1}/${this.size()}>`
  }

  private following(): Value {
    const next = this.upcoming.peek()
    return next === undefined ? new Undefined('there is no next item') : next
  }

  private cycle(values: readonly Value[]): Value {
    if (values.length === 0) throw new PythonError('no items for cycling given')
    return values[this.index % values.length]!
  }

  private changed(values: readonly Value[]): boolean {
    const same = this.last !== undefined && equals(new Tuple(this.last), new Tuple(values))
    if (!same) this.last = values
    return !same
  }
}

/** `cycler('a', 'b')`. */
export class Cycler extends Instance {
  readonly type = 'Cycler'
  private at = 0
  constructor(private readonly values: readonly Value[]) {
    super()
    if (values.length === 0) throw new PythonError('at least one item has to be provided')
  }
  override attribute(name: string): Value | undefined {
    if (name === 'current') return this.values[this.at]
    if (name === 'reset') {
      return new Callable(name, () => {
        this.at = 0
        return null
      })
    }
    if (name !== 'next') return undefined
    return new Callable(name, () => {
      const value = this.values[this.at]!
      this.at = (this.at + 1) % this.values.length
      return value
    })
  }
}

/** `dict(pairs or dict, name=value)`. */
export function dictOf(args: Arguments): Dict {
  const [given] = args.positional
  if (args.positional.length > 1) throw new PythonError('dict expected at most 1 argument')
  const dict = given instanceof Dict ? Dict.of(given.entries()) : Dict.of(given === undefined ? [] : pairs(given))
  for (const [name, value] of args.named) dict.set(name, value)
  return dict
}

function pairs(value: Value): [Value, Value][] {
  return iterate(value).map((pair) => {
    const [key, item, ...more] = iterate(pair)
    if (key === undefined || item === undefined || more.length > 0)
      throw new PythonError('a dict is made of pairs: sequences of length 2')
    return [key, item]
  })
}
