import type { Command } from 'commander'
import type { ChatFlags } from '../chat.js'
import { loadFlags, samplingFlags } from '../flags.js'
import { examples } from './examples.js'

export function chatCommand(cli: Command): void {
  const chat = cli
    .command('chat [model]')
    .description('talk in the terminal; /help shows the commands')
    .option('--system <text>', 'system message')
  samplingFlags(loadFlags(chat))
    .addHelpText('after', examples('kaiyuan chat', 'kaiyuan chat ./Llama-3.1-8B-Instruct --precision exact'))
    .action(async (model: string | undefined, options: ChatFlags) => (await import('../chat.js')).chat(model, options))
}
