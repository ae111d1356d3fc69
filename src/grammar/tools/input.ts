/** Arguments of tools whose one argument is a text of a grammar. */
import type { ArgumentSyntax } from '../../chat/dialects/dialect.js'
import type { ToolDefinition } from '../../chat/message.js'
import { quoted } from '../json/strings.js'
import { optional, Rule, sequence, text, type Node } from '../syntax/nodes.js'
import { invalidGrammar } from '../syntax/refuse.js'
import { quotedChar, quotedText } from '../text/quoting.js'
import type { Markup } from './markup.js'

/** The one argument. */
const NAME = 'input'

export type ToolInput = NonNullable<ToolDefinition['input']>
/** Makes a node of the text that an input is. */
export type InputNode = (input: ToolInput) => Promise<Node>

/** `{"input": ...}` as a dialect writes arguments. @throws UserError invalid_grammar */
export async function inputArguments(
  input: ToolInput,
  syntax: ArgumentSyntax,
  markup: Markup,
  node: InputNode,
): Promise<Node> {
  const content = await node(input)
  const json = (): Node => quoted(new JsonQuoting().of(content))
  switch (syntax.kind) {
    case 'json':
      return sequence(text(`{${JSON.stringify(NAME)}:`), optional(text(' ')), json(), text('}'))
    case 'python':
      return sequence(text(`${NAME}=`), json())
    case 'gemma': {
      const quote = markup.exactly(syntax.quote)
      return sequence(text(`{${NAME}:`), quote, content, quote, text('}'))
    }
    case 'tagged': {
      const value = syntax.strings === 'raw' ? content : json()
      return sequence(markup.exactly(syntax.begin(NAME, 'string')), value, markup.exactly(syntax.end(NAME)))
    }
  }
}

/** Writes what a node matches as JSON writes it inside of a string. */
class JsonQuoting {
  private readonly rules = new Map<Rule, Rule>()

  of(node: Node): Node {
    switch (node.kind) {
      case 'text':
        return quotedText(node.text, 'json')
      case 'chars':
        return quotedChar(node.ranges, 'json')
      case 'sequence':
      case 'choice':
        return { ...node, items: node.items.map((item) => this.of(item)) }
      case 'repeat':
        return { ...node, item: this.of(node.item) }
      case 'both':
      case 'without':
        return { ...node, left: this.of(node.left), right: this.of(node.right) }
      case 'rule':
        return { kind: 'rule', rule: this.rule(node.rule) }
      default:
        throw invalidGrammar(
          'this grammar has parts that a call of this model cannot hold; write them as rules and texts',
        )
    }
  }

  private rule(own: Rule): Rule {
    let made = this.rules.get(own)
    if (made) return made
    this.rules.set(own, (made = new Rule(own.name)))
    made.define(this.of(own.body))
    return made
  }
}
