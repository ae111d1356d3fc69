import hljs from 'highlight.js/lib/core'
import bash from 'highlight.js/lib/languages/bash'
import c from 'highlight.js/lib/languages/c'
import cpp from 'highlight.js/lib/languages/cpp'
import csharp from 'highlight.js/lib/languages/csharp'
import css from 'highlight.js/lib/languages/css'
import diff from 'highlight.js/lib/languages/diff'
import go from 'highlight.js/lib/languages/go'
import java from 'highlight.js/lib/languages/java'
import javascript from 'highlight.js/lib/languages/javascript'
import json from 'highlight.js/lib/languages/json'
import kotlin from 'highlight.js/lib/languages/kotlin'
import lua from 'highlight.js/lib/languages/lua'
import markdown from 'highlight.js/lib/languages/markdown'
import php from 'highlight.js/lib/languages/php'
import python from 'highlight.js/lib/languages/python'
import ruby from 'highlight.js/lib/languages/ruby'
import rust from 'highlight.js/lib/languages/rust'
import sql from 'highlight.js/lib/languages/sql'
import swift from 'highlight.js/lib/languages/swift'
import typescript from 'highlight.js/lib/languages/typescript'
import xml from 'highlight.js/lib/languages/xml'
import yaml from 'highlight.js/lib/languages/yaml'

const languages = { bash, c, cpp, csharp, css, diff, go, java, javascript, json, kotlin, lua, markdown, php, python }
for (const [name, grammar] of Object.entries({ ...languages, ruby, rust, sql, swift, typescript, xml, yaml }))
  hljs.registerLanguage(name, grammar)

/** Collects what highlight.js finds as nodes of the document, where its own emitter would write HTML. */
class NodeEmitter {
  readonly root = document.createElement('span')
  private readonly stack: HTMLElement[] = [this.root]

  addText(text: string): void {
    this.top.append(text)
  }

  startScope(scope: string): void {
    const span = document.createElement('span')
    span.className = `hl-${scope.split(/[.:]/, 1)[0]!}`
    this.top.append(span)
    this.stack.push(span)
  }

  endScope(): void {
    this.stack.pop()
  }

  openNode(scope: string): void {
    this.startScope(scope)
  }

  closeNode(): void {
    this.endScope()
  }

  __addSublanguage(other: NodeEmitter): void {
    this.top.append(...other.root.childNodes)
  }

  finalize(): void {
    this.stack.length = 1
  }

  toHTML(): string {
    return ''
  }

  private get top(): HTMLElement {
    return this.stack.at(-1)!
  }
}

// The emitter's constructor is a setting that highlight.js keeps for programs like this one (lowlight's use of it).
hljs.configure({ __emitter: NodeEmitter })

/** The nodes of a code in a language, named as in a fence; undefined where the language is not known. */
export function highlighted(code: string, language: string): ChildNode[] | undefined {
  if (!hljs.getLanguage(language)) return undefined
  const result = hljs.highlight(code, { language, ignoreIllegals: true })
  return [...(result._emitter as unknown as NodeEmitter).root.childNodes]
}
