import { SyntaxFault, type Token } from './lexer.js'

/** The tokens of a template, read one after the other. */
export class Tokens {
  private at = 0
  /** How deep expressions stand in each other; a template of brackets alone must not end the process. */
  private depth = 0

  constructor(private readonly tokens: readonly Token[]) {}

  get current(): Token {
    return this.tokens[this.at]!
  }

  get following(): Token | undefined {
    return this.tokens[this.at + 1]
  }

  next(): Token {
    const token = this.current
    if (token.type !== 'eof') this.at++
    return token
  }

  isOperator(...texts: string[]): boolean {
    return this.current.type === 'operator' && texts.includes(this.current.text)
  }

  isName(...names: string[]): boolean {
    return this.current.type === 'name' && (names.length === 0 || names.includes(this.current.text))
  }

  isEnd(of?: 'variable' | 'block'): boolean {
    return this.current.type === 'end' && (of === undefined || this.current.of === of)
  }

  skipOperator(text: string): boolean {
    return this.isOperator(text) && this.next() !== undefined
  }

  skipName(name: string): boolean {
    return this.isName(name) && this.next() !== undefined
  }

  expectOperator(text: string): void {
    if (!this.skipOperator(text)) throw this.unexpected(`'${text}'`)
  }

  expectKeyword(name: string): void {
    if (!this.skipName(name)) throw this.unexpected(`'${name}'`)
  }

  expectName(): string {
    if (this.current.type !== 'name') throw this.unexpected('a name')
    return this.next().text
  }

  expectEnd(of: 'variable' | 'block'): void {
    if (!this.isEnd(of)) throw this.unexpected(of === 'block' ? "'%}'" : "'}}'")
    this.next()
  }

  deeper<T>(parse: () => T): T {
    if (++this.depth > 200) throw this.fault('expressions that stand in each other too deep')
    const result = parse()
    this.depth--
    return result
  }

  unexpected(wanted: string): SyntaxFault {
    const { type, text } = this.current
    const found = type === 'eof' ? 'the end of the template' : type === 'end' ? 'the end of the tag' : `'${text}'`
    return this.fault(`expected ${wanted}, found ${found}`)
  }

  fault(message: string): SyntaxFault {
    return new SyntaxFault(message, this.current.line)
  }
}
