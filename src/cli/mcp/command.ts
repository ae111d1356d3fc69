import type { Command } from 'commander'
import { loadFlags, type LoadFlags } from '../flags.js'

export function mcpCommand(cli: Command): void {
  const mcp = cli
    .command('mcp [model]')
    .description(
      'serve a model to other programs as an MCP server: chat, embed, tokenize, over standard input and output',
    )
  loadFlags(mcp)
    .addHelpText('after', '\nExamples:\n  kaiyuan mcp\n  kaiyuan mcp Qwen/Qwen3-0.6B')
    .action(async (model: string | undefined, options: LoadFlags) =>
      (await import('./serve.js')).serveMcp(model, options),
    )
}
