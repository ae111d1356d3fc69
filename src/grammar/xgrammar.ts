/**
 * xgrammar (https://github.com/mlc-ai/xgrammar), which knows which tokens may come next. It is loaded when the first
 * grammar is asked for. Only grammars whose syntax was checked here reach it: an error inside of it ends its memory's use.
 */
import type { CompiledGrammar, Grammar, GrammarCompiler, GrammarMatcher, TokenizerInfo } from '@mlc-ai/web-xgrammar'
import { invariant } from '../errors.js'

export type { CompiledGrammar, GrammarCompiler, GrammarMatcher }

export interface XGrammar {
  readonly Grammar: typeof Grammar
  readonly GrammarCompiler: typeof GrammarCompiler
  readonly GrammarMatcher: typeof GrammarMatcher
  readonly TokenizerInfo: typeof TokenizerInfo
}

let loading: Promise<XGrammar> | undefined

export function loadXGrammar(): Promise<XGrammar> {
  loading ??= load()
  return loading
}

/**
 * Version 0.1.27 is a UMD file in a package that calls itself an ES module. Imported as one it finds neither `exports` nor
 * `require`: it leaves what it exports on globalThis, and in Node it asks `location` for its own address, while it is
 * loaded and when it is first used. All of this can go when the package has an ES module.
 */
async function load(): Promise<XGrammar> {
  const global = globalThis as { location?: { href: string }; xgrammar?: XGrammar }
  const missing = global.location === undefined
  if (missing) global.location = { href: import.meta.url }
  try {
    await import('@mlc-ai/web-xgrammar')
    const library = global.xgrammar
    invariant(library, '@mlc-ai/web-xgrammar left nothing on globalThis')
    const first = await library.Grammar.fromEBNF('root ::= "a"\n')
    first.dispose()
    return library
  } finally {
    if (missing) delete global.location
    delete global.xgrammar
  }
}
