import { Undefined, type Value } from '../python/values.js'

/** Names and their values; an inner scope sees those of the outer one, and what it sets is gone with it. */
export class Scope {
  private readonly values = new Map<string, Value>()

  constructor(private readonly outer?: Scope) {}

  get(name: string): Value {
    const value = this.values.get(name)
    if (value !== undefined) return value
    return this.outer ? this.outer.get(name) : new Undefined(`'${name}' is undefined`)
  }

  set(name: string, value: Value): void {
    this.values.set(name, value)
  }
}
