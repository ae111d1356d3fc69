import { LimitError } from '../python/limits.js'
import { str } from '../python/text.js'
import type { Arguments, Instance } from '../python/values.js'
import { Callable, PythonError, Range, Unsupported, toIndex, type Value } from '../python/values.js'
import { fromKeys } from './members.js'
import { Cycler, Namespace, dictOf } from './objects.js'
import { Refusal } from './runtime.js'
import { strftime } from './strftime.js'

/** As Jinja's sandbox has it. */
const MAX_RANGE = 100_000

/** `dict`, which has a method of its own. */
class DictType extends Callable {
  constructor() {
    super('dict', dictOf, 'type')
  }
  override attribute(name: string): Value | undefined {
    return name === 'fromkeys' ? new Callable(name, fromKeys) : undefined
  }
}

function range(args: Arguments): Range {
  const [first, second, third] = args.take('range', ['start', 'stop', 'step'], 1).map((n) => n && toIndex(n))
  const [start, stop, step] =
    second === undefined ? [0, first as number, 1] : [first as number, second as number, (third ?? 1) as number]
  if (step === 0) throw new PythonError('range() step must not be zero')
  const value = new Range(start, stop, step)
  if (value.length > MAX_RANGE)
    throw new LimitError(`range() of ${value.length} numbers; at most ${MAX_RANGE} are allowed`)
  return value
}

function joiner(args: Arguments): Value {
  const [separator = ', '] = args.take('joiner', ['sep'])
  let used = false
  return new Callable(
    'joiner',
    () => {
      const text = used ? separator : ''
      used = true
      return text
    },
    'Joiner',
  )
}

/** What Jinja and transformers give to every template. */
export const GLOBALS: ReadonlyMap<string, Instance> = new Map(
  [
    new Callable('range', range),
    new DictType(),
    new Callable('namespace', (args) => new Namespace(dictOf(args))),
    new Callable('cycler', (args) => new Cycler(args.positional)),
    new Callable('joiner', joiner),
    new Callable('lipsum', () => {
      throw new Unsupported('lipsum(), which gives random text')
    }),
    new Callable('raise_exception', (args) => {
      throw new Refusal(str(args.take('raise_exception', ['message'], 1)[0]!))
    }),
    new Callable('strftime_now', (args) => strftime(new Date(), str(args.take('strftime_now', ['format'], 1)[0]!))),
  ].map((value) => [value.name, value]),
)
