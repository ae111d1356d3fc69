/**
 * xgrammar (https://github.com/mlc-ai/xgrammar), whose masks those of the engine here are compared with. Only grammars that are
 * well formed may reach it: an error inside of it ends its memory's use.
 */
import type { GrammarCompiler, GrammarMatcher, Grammar, TokenizerInfo } from '@mlc-ai/web-xgrammar'
import { BYTE_TO_CHAR } from '../../src/tokenizer/pieces.js'

interface XGrammar {
  readonly Grammar: typeof Grammar
  readonly GrammarCompiler: typeof GrammarCompiler
  readonly GrammarMatcher: typeof GrammarMatcher
  readonly TokenizerInfo: typeof TokenizerInfo
}

/**
 * Version 0.1.27 is a UMD file in a package that calls itself an ES module. Imported as one it finds neither `exports` nor
 * `require`: it leaves what it exports on globalThis, and in Node it asks `location` for its own address, while it is loaded
 * and when it is first used.
 */
async function load(): Promise<XGrammar> {
  const global = globalThis as { location?: { href: string }; xgrammar?: XGrammar }
  const missing = global.location === undefined
  if (missing) global.location = { href: import.meta.url }
  try {
    await import('@mlc-ai/web-xgrammar')
    const library = global.xgrammar
    if (!library) throw new Error('@mlc-ai/web-xgrammar left nothing on globalThis')
    const first = await library.Grammar.fromEBNF('root ::= "a"\n')
    first.dispose()
    return library
  } finally {
    if (missing) delete global.location
    delete global.xgrammar
  }
}

/** A grammar as the library has it, or an expression. */
export type OldGrammar = { readonly ebnf: string } | { readonly regex: string }

/** Walks through one grammar. */
export interface OldMatchers {
  readonly begin: () => Promise<GrammarMatcher>
  readonly dispose: () => void
}

/** The library with one vocabulary. */
export class OldLibrary {
  private constructor(
    private readonly library: XGrammar,
    private readonly compiler: GrammarCompiler,
    private readonly stops: readonly number[],
  ) {}

  static async of(tokens: readonly (Uint8Array | undefined)[], stops: readonly number[]): Promise<OldLibrary> {
    const library = await load()
    const texts = tokens.map((bytes) => Array.from(bytes ?? [], (byte) => BYTE_TO_CHAR[byte]!).join(''))
    const info = await library.TokenizerInfo.createTokenizerInfo(texts, 'byte_level', false, tokens.length, [...stops])
    return new OldLibrary(library, await library.GrammarCompiler.createGrammarCompiler(info), stops)
  }

  /** Dispose of what it gives. */
  async matchers(source: OldGrammar): Promise<OldMatchers> {
    const grammar =
      'ebnf' in source
        ? await this.library.Grammar.fromEBNF(source.ebnf)
        : await this.library.Grammar.fromStructuralTag({ type: 'regex', pattern: source.regex })
    const compiled = await this.compiler.compileGrammar(grammar)
    return {
      begin: () => this.library.GrammarMatcher.createGrammarMatcher(compiled, [...this.stops]),
      dispose: () => {
        compiled.dispose()
        grammar.dispose()
      },
    }
  }
}
