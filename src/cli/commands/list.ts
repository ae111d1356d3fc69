import type { Command } from 'commander'
import type { ListFlags } from '../store/list.js'
import { examples } from '../print/examples.js'

export function listCommand(cli: Command): void {
  cli
    .command('list')
    .alias('ls')
    .description('models on this machine: size, family, last use, where; those of Ollama and LM Studio too')
    .option('--json', 'one JSON object on one line for each model')
    .addHelpText('after', examples('kaiyuan list', 'kaiyuan list --json'))
    .action(async (options: ListFlags) => (await import('../store/list.js')).list(options))
}
