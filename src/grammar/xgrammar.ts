/**
 * xgrammar (https://github.com/mlc-ai/xgrammar), which knows which tokens may come next. It is loaded when the first
 * grammar is asked for. Only grammars whose syntax was checked here reach it: an error inside of it ends its memory's use.
 */
import type { CompiledGrammar, Grammar, GrammarCompiler, GrammarMatcher, TokenizerInfo } from '@mlc-ai/web-xgrammar'
import { UserError, invariant } from '../errors.js'

export type { CompiledGrammar, GrammarCompiler, GrammarMatcher }

export interface XGrammar {
  readonly Grammar: typeof Grammar
  readonly GrammarCompiler: typeof GrammarCompiler
  readonly GrammarMatcher: typeof GrammarMatcher
  readonly TokenizerInfo: typeof TokenizerInfo
}

const LIBRARY = '@mlc-ai/web-xgrammar'

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
    await importByName(LIBRARY)
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

/**
 * Bundlers do not see this import: the library names modules of Node, over which they warn or fail. So Node finds it among
 * its packages, and a page has to name its address in an import map.
 * @throws UserError unsupported_platform
 */
async function importByName(name: string): Promise<void> {
  try {
    await import(/* @vite-ignore */ /* webpackIgnore: true */ name)
  } catch (cause) {
    const remedy = `a page needs an import map with the address of ${name}`
    throw new UserError(`grammars need ${name}, which cannot be imported here; ${remedy}`, 'unsupported_platform', {
      cause,
    })
  }
}
