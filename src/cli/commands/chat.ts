import type { Command } from 'commander'
import type { ChatFlags } from '../chat/chat.js'
import { loadFlags, samplingFlags } from '../flags.js'
import { examples } from '../print/examples.js'

export function chatCommand(cli: Command): void {
  const chat = cli
    .command('chat [model]')
    .description('talk in the terminal; /help shows the commands')
    .option('--system <text>', 'system message')
    .option('--prompt-cache <file>', 'keep what is computed of the conversation in a file, for the next chat')
    .option('--hide-thinking', "leave the model's thoughts out")
    .option('--resume', 'continue with the last conversation')
    .option('--no-history', 'keep neither lines nor the conversation (also KAIYUAN_HISTORY=off)')
  chat
    .option('--mcp <file>', 'MCP servers whose tools the model may call, as other tools write them: mcp.json')
    .option('--mcp-yes', 'start those servers without a question; their calls are asked for all the same')
  samplingFlags(loadFlags(chat))
    .addHelpText('after', examples('kaiyuan chat', 'kaiyuan chat ./Llama-3.1-8B-Instruct --precision exact'))
    .action(async (model: string | undefined, options: ChatFlags) => {
      await (await import('../chat/chat.js')).chat(model, options)
    })
}
