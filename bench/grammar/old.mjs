// The library that was used before, for comparison: @mlc-ai/web-xgrammar.
import { BYTE_TO_CHAR } from '../../dist/tokenizer/pieces.js'

/** Not run: 500 optional properties did not end within 40 s, maxLength 200 takes 48 s, and the others are larger. */
export const TOO_LONG = new Set(['p5000', 'o500', 'enum50000', 'max10000', 'max200'])

/** It is a UMD file in a package that calls itself an ES module: it leaves what it exports on globalThis and asks `location`. */
async function load() {
  globalThis.location ??= { href: import.meta.url }
  await import('@mlc-ai/web-xgrammar')
  const library = globalThis.xgrammar
  ;(await library.Grammar.fromEBNF('root ::= "a"\n')).dispose()
  return library
}

/** Compiles schemas for one vocabulary. */
export async function oldLibrary(tokens, stops) {
  const library = await load()
  const texts = tokens.map((bytes) => Array.from(bytes ?? [], (byte) => BYTE_TO_CHAR[byte]).join(''))
  const info = await library.TokenizerInfo.createTokenizerInfo(texts, 'byte_level', false, tokens.length, [...stops])
  const compiler = await library.GrammarCompiler.createGrammarCompiler(info)
  return {
    async compile(schema) {
      const grammar = await library.Grammar.fromJSONSchema(JSON.stringify(schema), true)
      return compiler.compileGrammar(grammar)
    },
    /** Milliseconds of each mask along a document; nothing where it refuses the document. */
    async masksAlong(compiled, ids) {
      const matcher = await library.GrammarMatcher.createGrammarMatcher(compiled, [...stops])
      const times = []
      for (const id of ids) {
        const started = performance.now()
        await matcher.getNextTokenBitmask()
        times.push(performance.now() - started)
        if (!matcher.acceptToken(id)) return undefined
      }
      matcher.dispose()
      return times
    },
  }
}
